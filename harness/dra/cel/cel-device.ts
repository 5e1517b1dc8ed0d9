/**
 * A published device as CEL sees it: `device.driver`, `device.attributes["domain"]["id"]`, `device.capacity[...]`.
 * An attribute without a domain belongs to the driver's domain. A domain that no attribute has is an empty map, so that
 * looking up an id in it is an error about a missing key.
 */
import type { AttributeValue, Device } from '../objects.ts'
import { Quantity } from './library/quantity.ts'
import { Semver } from './library/semver.ts'

/** int is BigInt; a list attribute is an array of one of the others. */
type CelScalar = string | bigint | boolean | Semver
export type CelAttribute = CelScalar | readonly CelScalar[]

/** Domains by name. As in Kubernetes, an unknown domain reads as an empty map, and `has` is false for it. */
class DomainMap<Value> extends Map<string, Map<string, Value>> {
  override get(domain: string): Map<string, Value> {
    return super.get(domain) ?? new Map<string, Value>()
  }

  put(domain: string, id: string, value: Value): void {
    this.set(domain, this.get(domain).set(id, value))
  }
}

export class AttributeDomains extends DomainMap<CelAttribute> {}
export class CapacityDomains extends DomainMap<Quantity> {}

export class CelDevice {
  readonly driver: string
  readonly attributes: AttributeDomains
  readonly capacity: CapacityDomains
  readonly allowMultipleAllocations: boolean

  /** Throws EvaluationError where a version or a quantity does not parse. */
  constructor(device: Device, driver: string) {
    this.driver = driver
    this.attributes = new AttributeDomains()
    this.capacity = new CapacityDomains()
    this.allowMultipleAllocations = device.allowMultipleAllocations ?? false
    for (const [name, value] of Object.entries(device.attributes ?? {})) {
      this.attributes.put(...qualify(name, driver), attributeValue(value))
    }
    for (const [name, { value }] of Object.entries(device.capacity ?? {})) {
      this.capacity.put(...qualify(name, driver), Quantity.parse(value))
    }
  }
}

/** Splits `domain/id`; an id alone belongs to the driver's own domain. */
export function qualify(name: string, driver: string): [domain: string, id: string] {
  const slash = name.indexOf('/')
  return slash === -1 ? [driver, name] : [name.slice(0, slash), name.slice(slash + 1)]
}

function attributeValue(value: AttributeValue): CelAttribute {
  if ('string' in value) return value.string
  if ('int' in value) return BigInt(value.int)
  if ('bool' in value) return value.bool
  if ('version' in value) return Semver.parse(value.version)
  if ('strings' in value) return value.strings
  if ('ints' in value) return value.ints.map(BigInt)
  if ('bools' in value) return value.bools
  return value.versions.map((version) => Semver.parse(version))
}
