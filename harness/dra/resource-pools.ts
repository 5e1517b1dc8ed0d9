/**
 * Groups ResourceSlices into pools: for each driver and pool the slices of the newest generation, in their order, and
 * whether the pool is complete. Slices of older generations are ignored, since their driver is about to delete them.
 */
import { largest } from '../core/extremes.ts'
import { memoizeByObject } from '../core/memo.ts'
import type { Device, ResourceSlice } from './objects.ts'

export interface Pool {
  readonly driver: string
  readonly name: string
  readonly generation: number
  /** Whether every slice of this generation is published. Nothing may be allocated from an incomplete pool. */
  readonly complete: boolean
  /** How many slices this generation has when it is complete. */
  readonly sliceCount: number
  readonly slices: readonly ResourceSlice[]
  /** Those of older generations. */
  readonly outdated: readonly ResourceSlice[]
}

export interface PooledDevice {
  readonly driver: string
  readonly pool: string
  readonly device: Device
}

export const poolsOf = memoizeByObject((slices: readonly ResourceSlice[]): readonly Pool[] => {
  const pools = Map.groupBy(slices, ({ spec }) => `${spec.driver}/${spec.pool.name}`)
  return [...pools.values()].map(newest)
})

/** The devices that pods on `node` can use, in slice order. */
export function devicesOn(node: string, pool: Pool): PooledDevice[] {
  return pool.slices
    .filter(({ spec }) => spec.nodeName === node || spec.allNodes === true)
    .flatMap(({ spec }) => spec.devices ?? [])
    .map((device) => ({ driver: pool.driver, pool: pool.name, device }))
}

function newest(slices: readonly ResourceSlice[]): Pool {
  const generation = largest(slices.map(({ spec }) => spec.pool.generation))
  const current = slices.filter(({ spec }) => spec.pool.generation === generation)
  const [first] = current
  if (first === undefined) throw new RangeError('a pool has at least one slice')
  return {
    driver: first.spec.driver,
    name: first.spec.pool.name,
    generation,
    complete: current.length === first.spec.pool.resourceSliceCount,
    sliceCount: first.spec.pool.resourceSliceCount,
    slices: current,
    outdated: slices.filter(({ spec }) => spec.pool.generation !== generation),
  }
}
