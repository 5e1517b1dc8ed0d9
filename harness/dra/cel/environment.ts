/**
 * The CEL environment of a DRA selector: the variable `device`, optionals, `cel.bind`, and Kubernetes' function libraries.
 * Built once. Known gaps: no cost limit, no `string.format`, no comprehension over the domains themselves, and regular
 * expressions are JavaScript's where Kubernetes has RE2.
 */
import { Environment } from '@marcbachmann/cel-js'
import { AttributeDomains, CapacityDomains, CelDevice } from './cel-device.ts'
import { registerAddress } from './library/address.ts'
import { registerLists } from './library/lists.ts'
import { registerPresence } from './library/presence.ts'
import { registerQuantity } from './library/quantity.ts'
import { registerSemver } from './library/semver.ts'
import { registerSets } from './library/sets.ts'
import { registerStrings } from './library/strings.ts'
import { registerUrl } from './library/url.ts'

export const DEVICE_FIELDS = {
  driver: 'string',
  attributes: 'kubernetes.AttributeDomains',
  capacity: 'kubernetes.CapacityDomains',
  allowMultipleAllocations: 'bool',
} as const

export const environment = build()

function build(): Environment {
  const env = new Environment({ enableOptionalTypes: true, homogeneousAggregateLiterals: false })
  registerPresence(env)
  registerQuantity(env)
  registerSemver(env)
  registerLists(env)
  registerSets(env)
  registerStrings(env)
  registerUrl(env)
  registerAddress(env)
  for (const [name, domains] of [
    [DEVICE_FIELDS.attributes, AttributeDomains],
    [DEVICE_FIELDS.capacity, CapacityDomains],
  ] as const) {
    env.registerType(name, domains)
    env.registerOperator(`string in ${name}`, (domain: string, map: ReadonlyMap<string, unknown>) =>
      map.has(domain),
    )
  }
  return env
    .registerType('kubernetes.DRADevice', { ctor: CelDevice, fields: DEVICE_FIELDS })
    .registerVariable('device', 'kubernetes.DRADevice')
}
