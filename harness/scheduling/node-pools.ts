/**
 * The resource pools of one node as Kubernetes' allocator gathers them: sorted by driver and name, the devices of each by
 * slice name. An incomplete or invalid pool has no devices, but the reason for which it is ignored.
 */
import { largest } from '../core/extremes.ts'
import type { ResourceSlice } from '../dra/objects.ts'
import type { PooledDevice } from '../dra/resource-pools.ts'
import { memoizeByObject } from '../core/memo.ts'

export interface NodePool {
  readonly driver: string
  readonly name: string
  /** Empty if the pool is ignored. */
  readonly devices: readonly PooledDevice[]
  readonly fault: string | undefined
}

const gathered = memoizeByObject(
  (_slices: readonly ResourceSlice[]) => new Map<string, readonly NodePool[]>(),
)

export function nodePools(node: string, slices: readonly ResourceSlice[]): readonly NodePool[] {
  const known = gathered(slices)
  const pools = known.get(node) ?? gather(node, slices)
  known.set(node, pools)
  return pools
}

function gather(node: string, slices: readonly ResourceSlice[]): NodePool[] {
  return [...Map.groupBy(slices, ({ spec }) => `${spec.driver}/${spec.pool.name}`).values()]
    .flatMap((pool) => build(node, pool))
    .sort((a, b) => compare(a.driver, b.driver) || compare(a.name, b.name))
}

/** `all`: the slices of one pool, of every node and generation. */
function build(node: string, all: readonly ResourceSlice[]): NodePool[] {
  const here = newest(all.filter(({ spec }) => spec.nodeName === node || spec.allNodes === true))
  const [first] = here
  if (first === undefined) return []
  const { driver, pool } = first.spec
  const isWhole = (part: readonly ResourceSlice[]) => part.length === pool.resourceSliceCount
  if (!isWhole(here)) {
    const current = newest(all)
    // The driver is replacing the pool, and has no slice on this node any more.
    if (current[0]?.spec.pool.generation !== pool.generation) return []
    if (!isWhole(current)) return [{ driver, name: pool.name, devices: [], fault: 'is incomplete' }]
  }
  const devices = here
    .toSorted((a, b) => compare(a.metadata.name, b.metadata.name))
    .flatMap(({ spec }) => spec.devices ?? [])
  const names = devices.map(({ name }) => name)
  const seen = new Set<string>()
  const twice = names.find((name) => seen.has(name) || !seen.add(name))
  return [
    twice === undefined
      ? {
          driver,
          name: pool.name,
          devices: devices.map((device) => ({ driver, pool: pool.name, device })),
          fault: undefined,
        }
      : { driver, name: pool.name, devices: [], fault: `lists device ${twice} twice` },
  ]
}

function newest(slices: readonly ResourceSlice[]): ResourceSlice[] {
  const generation = largest(slices.map(({ spec }) => spec.pool.generation))
  return slices.filter(({ spec }) => spec.pool.generation === generation)
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
