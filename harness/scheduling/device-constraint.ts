/**
 * The constraints matchAttribute and distinctAttribute while a search chooses devices one by one. A device without the
 * attribute satisfies neither. What a constraint remembers when the search backtracks is exactly what Kubernetes 1.36
 * remembers; see `match`, `distinct` and `Value`.
 */
import type { DeviceConstraint } from '../dra/objects.ts'
import type { PooledDevice } from '../dra/resource-pools.ts'

export interface Constraint {
  readonly kind: 'matchAttribute' | 'distinctAttribute'
  readonly description: string
  /** `label` as in Alternative. A constraint that names a request covers its sub-requests. */
  covers(label: string): boolean
  /** Adds the device if it satisfies the constraint together with those chosen so far. Returns whether it did. */
  add(device: PooledDevice, label: string): boolean
  /** What `add` would return. */
  wouldAccept(device: PooledDevice): boolean
  /** Removes the device that was added last for the same label. */
  remove(label: string): void
  /** Removes all devices. */
  reset(): void
}

/** With its type, so that 1 and "1" differ. A list is accepted for the first device only, because it equals nothing. */
type Value = string | typeof LIST
const LIST = Symbol('list')

/** The values of the chosen devices, as far as a kind of constraint keeps them. `request` is the one a device is for. */
interface Memory {
  goesWith(value: Value): boolean
  keep(value: Value, request: string): void
  forget(request: string): void
}

export function constraintsOf(constraints: readonly DeviceConstraint[]): Constraint[] {
  return constraints.flatMap((constraint) => [
    ...build(constraint, 'matchAttribute', match),
    ...build(constraint, 'distinctAttribute', distinct),
  ])
}

function match(): Memory {
  const chosen: Value[] = []
  return {
    goesWith: (value) => chosen.length === 0 || (value !== LIST && value === chosen[0]),
    keep: (value) => void chosen.push(value),
    forget: () => void chosen.pop(),
  }
}

/** Compares with the device chosen last for each request only, and with none after the search backtracked over it. */
function distinct(): Memory {
  const last = new Map<string, Value>()
  let chosen = 0
  return {
    goesWith: (value) => chosen === 0 || (value !== LIST && ![...last.values()].includes(value)),
    keep(value, request) {
      last.set(request, value)
      chosen += 1
    },
    forget(request) {
      last.delete(request)
      chosen -= 1
    },
  }
}

function build(
  { requests = [], ...rest }: DeviceConstraint,
  kind: Constraint['kind'],
  remember: () => Memory,
): Constraint[] {
  const attribute = rest[kind]
  if (attribute === undefined) return []
  let memory = remember()
  const scope = requests.length === 0 ? '' : ` over ${requests.join(', ')}`
  return [
    {
      kind,
      description: `${kind} ${attribute}${scope}`,
      covers: (label) =>
        requests.length === 0 || requests.includes(label) || requests.includes(requestOf(label)),
      add(device, label) {
        const value = valueOf(device, attribute)
        if (value === undefined || !memory.goesWith(value)) return false
        memory.keep(value, requestOf(label))
        return true
      },
      wouldAccept(device) {
        const value = valueOf(device, attribute)
        return value !== undefined && memory.goesWith(value)
      },
      remove: (label) => memory.forget(requestOf(label)),
      reset: () => void (memory = remember()),
    },
  ]
}

const requestOf = (label: string): string => label.split('/')[0] ?? label

/** Undefined: the device lacks the attribute. */
function valueOf(
  { device: { attributes = {} }, driver }: PooledDevice,
  attribute: string,
): Value | undefined {
  const own = `${driver}/`
  const found =
    attributes[attribute] ?? (attribute.startsWith(own) ? attributes[attribute.slice(own.length)] : undefined)
  const [value] = Object.entries(found ?? {}) as [string, unknown][]
  if (value === undefined) return undefined
  const [type, content] = value
  return Array.isArray(content) ? LIST : `${type}:${String(content)}`
}
