/**
 * matchAttribute and distinctAttribute while devices are chosen one by one. A device without the attribute satisfies
 * neither. Remembers, and forgets when the search goes back, what Kubernetes 1.36 does and no more: see `match`,
 * `distinct` and `Value`.
 */
import type { DeviceConstraint } from '../dra/objects.ts'
import type { PooledDevice } from '../dra/resource-pools.ts'

export interface Constraint {
  readonly kind: 'matchAttribute' | 'distinctAttribute'
  readonly description: string
  /** `label` as in Alternative. A constraint that names a request covers its sub-requests. */
  covers(label: string): boolean
  /** Whether the device goes with those chosen so far; it is then one of them until `remove`. */
  add(device: PooledDevice, label: string): boolean
  /** What `add` would say. */
  wouldAccept(device: PooledDevice): boolean
  /** Takes back the device added last, for the same label. */
  remove(label: string): void
  /** Forgets all devices. */
  reset(): void
}

/** With its type, so that 1 and "1" differ. A list is fit for the first device only: it is compared with nothing. */
type Value = string | typeof LIST
const LIST = Symbol('list')

/** What has been chosen, as far as a kind of constraint remembers it. `request` is the one a device is for. */
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

/** Of each request only the device chosen last counts, and none after the search went back over it. */
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
  const whom = requests.length === 0 ? '' : ` over ${requests.join(', ')}`
  return [
    {
      kind,
      description: `${kind} ${attribute}${whom}`,
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
