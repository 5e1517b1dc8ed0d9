/**
 * matchAttribute and distinctAttribute while devices are chosen one by one. A device without the attribute satisfies
 * neither. A list attribute stands for the set of its values: match wants a value common to all, distinct none twice.
 */
import { qualify } from '../../../claim/cel/device.ts'
import type { AttributeValue, DeviceConstraint } from '../../../claim/dra.ts'
import type { PooledDevice } from '../../../claim/pools.ts'

export interface Constraint {
  readonly description: string
  /** `label` as in Alternative. A constraint that names a request covers its sub-requests. */
  covers(label: string): boolean
  /** Whether the device goes with those chosen so far; it is then one of them until `remove`. */
  add(device: PooledDevice): boolean
  /** Takes back the device added last. */
  remove(): void
}

type Values = ReadonlySet<string>

export function constraintsOf(constraints: readonly DeviceConstraint[]): Constraint[] {
  return constraints.flatMap((constraint) => [
    ...build(constraint, 'matchAttribute', (values, chosen) => {
      const common = chosen.at(-1)
      return common === undefined ? values : new Set([...values].filter((value) => common.has(value)))
    }),
    ...build(constraint, 'distinctAttribute', (values, chosen) =>
      chosen.some((other) => [...values].some((value) => other.has(value))) ? new Set<string>() : values,
    ),
  ])
}

/** `narrow` gives what to remember of a device's values; nothing left means that the device does not go with the rest. */
function build(
  { requests = [], ...rest }: DeviceConstraint,
  kind: 'matchAttribute' | 'distinctAttribute',
  narrow: (values: Values, chosen: readonly Values[]) => Values,
): Constraint[] {
  const attribute = rest[kind]
  if (attribute === undefined) return []
  const chosen: Values[] = []
  const whom = requests.length === 0 ? '' : ` over ${requests.join(', ')}`
  return [
    {
      description: `${kind} ${attribute}${whom}`,
      covers: (label) =>
        requests.length === 0 || requests.includes(label) || requests.includes(label.split('/')[0] ?? label),
      add(device) {
        const values = valuesOf(device, attribute)
        const kept = values === undefined ? new Set<string>() : narrow(values, chosen)
        if (kept.size === 0) return false
        chosen.push(kept)
        return true
      },
      remove: () => void chosen.pop(),
    },
  ]
}

/** Values carry their type, so that 1 and "1" differ. Undefined: the device lacks the attribute. */
function valuesOf({ device, driver }: PooledDevice, attribute: string): Values | undefined {
  const value = Object.entries(device.attributes ?? {}).find(
    ([name]) => qualify(name, driver).join('/') === attribute,
  )?.[1]
  return value === undefined ? undefined : new Set(texts(value))
}

function texts(value: AttributeValue): string[] {
  return Object.entries(value).flatMap(([type, content]: [string, unknown]) =>
    (Array.isArray(content) ? content : [content]).map((item) => `${type.replace(/s$/, '')}:${String(item)}`),
  )
}
