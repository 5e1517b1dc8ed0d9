/**
 * The CEL environment of a DRA selector: the variable `device`, optionals, `cel.bind`, and Kubernetes' function libraries.
 * The two fields that are maps by domain have no static type, since the engine's macros iterate over its own maps only.
 */
import { Environment } from '@marcbachmann/cel-js'
import { AttributeDomains, CapacityDomains, CelDevice } from './cel-device.ts'
import { registerAddress } from './library/address.ts'
import { registerLists } from './library/lists.ts'
import { registerQuantity } from './library/quantity.ts'
import { registerReplacedFunctions } from './library/replaced-functions.ts'
import { registerSemver } from './library/semver.ts'
import { registerSets } from './library/sets.ts'
import { registerStrings } from './library/strings.ts'

export const DEVICE_FIELDS = {
  driver: 'string',
  attributes: 'dyn',
  capacity: 'dyn',
  allowMultipleAllocations: 'bool',
} as const

/** Refuses lists and maps with values of different types. */
export const environment = build(true)
/** Accepts them, as Kubernetes does in the arguments of `format`. */
export const mixedListsEnvironment = build(false)

function build(homogeneousAggregateLiterals: boolean): Environment {
  const env = new Environment({ enableOptionalTypes: true, homogeneousAggregateLiterals })
  registerReplacedFunctions(env)
  registerQuantity(env)
  registerSemver(env)
  registerLists(env)
  registerSets(env)
  registerStrings(env)
  registerAddress(env)
  for (const [name, domains] of [
    ['kubernetes.AttributeDomains', AttributeDomains],
    ['kubernetes.CapacityDomains', CapacityDomains],
  ] as const) {
    env.registerType(name, domains)
    env.registerFunction(`size(${name}): int`, ({ size }: ReadonlyMap<string, unknown>) => BigInt(size))
    env.registerFunction(`${name}.size(): int`, ({ size }: ReadonlyMap<string, unknown>) => BigInt(size))
    env.registerOperator(`string in ${name}`, (domain: string, map: ReadonlyMap<string, unknown>) =>
      map.has(domain),
    )
  }
  return env
    .registerType('kubernetes.DRADevice', { ctor: CelDevice, fields: DEVICE_FIELDS })
    .registerVariable('device', 'kubernetes.DRADevice')
}
