/**
 * The attributes of one published device, looked up by domain and name. A name without a domain belongs to the domain of
 * the device's driver, as in the API.
 */
import { qualify } from './cel/cel-device.ts'
import type { AttributeValue } from './objects.ts'
import type { PooledDevice } from './resource-pools.ts'

/** The domain of the attributes that Kubernetes itself defines. */
export const STANDARD_DOMAIN = 'resource.kubernetes.io'

export class DeviceAttributes {
  readonly #driver: string
  readonly #values: ReadonlyMap<string, AttributeValue>

  constructor({ driver, device }: Pick<PooledDevice, 'driver' | 'device'>) {
    this.#driver = driver
    this.#values = new Map(
      Object.entries(device.attributes ?? {}).map(([name, value]) => [
        qualify(name, driver).join('/'),
        value,
      ]),
    )
  }

  /** Undefined where the device does not publish the attribute. */
  get(domain: string, name: string): AttributeValue | undefined {
    return this.#values.get(`${domain}/${name}`)
  }

  /** An attribute of the driver's own domain. */
  own(name: string): AttributeValue | undefined {
    return this.get(this.#driver, name)
  }

  standard(name: string): AttributeValue | undefined {
    return this.get(STANDARD_DOMAIN, name)
  }
}

export const stringOf = (value: AttributeValue | undefined): string | undefined =>
  value !== undefined && 'string' in value ? value.string : undefined

/** False where nothing, or something else than a boolean, is published. */
export const boolOf = (value: AttributeValue | undefined): boolean =>
  value !== undefined && 'bool' in value && value.bool

/** The NUMA nodes that an attribute states; -1, the kernel's word for none, is left out. Undefined where none is left. */
export function numaNodesIn(value: AttributeValue | undefined): readonly number[] | undefined {
  const nodes = intsOf(value)?.filter((node) => node >= 0)
  return nodes === undefined || nodes.length === 0 ? undefined : nodes
}

/** A single integer as a list of one. */
export function intsOf(value: AttributeValue | undefined): readonly number[] | undefined {
  if (value === undefined) return undefined
  if ('int' in value) return [value.int]
  return 'ints' in value ? value.ints : undefined
}
