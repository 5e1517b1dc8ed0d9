/**
 * Pools of GPUs and NICs that must not be read as a topology: those that their driver is publishing at the moment, and those
 * whose devices are not bound to a node by its name.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { ClaimcheckError } from '../core/errors.ts'
import { seconds, type Seconds } from '../core/units.ts'
import type { ResourceSlice } from '../dra/objects.ts'
import { poolsOf, type Pool } from '../dra/resource-pools.ts'
import { placementFeatures, sharingFeatures } from '../dra/slice-features.ts'
import { gpuVendorOf, nicDriverOf } from '../vendors/vendors.ts'

/** Drivers replace the slices of a pool one by one, within seconds. */
const UPDATE_TIMEOUT = seconds(30)
const POLL_MS = 500

const knownPools = (slices: readonly ResourceSlice[]): readonly Pool[] =>
  poolsOf(slices).filter(
    ({ driver }) => gpuVendorOf(driver) !== undefined || nicDriverOf(driver) !== undefined,
  )

export const incompletePoolsOf = (slices: readonly ResourceSlice[]): readonly Pool[] =>
  knownPools(slices).filter(({ complete }) => !complete)

/** Incomplete pools with slices of this node, in any generation. */
export const incompletePoolsOn = (node: string, slices: readonly ResourceSlice[]): readonly Pool[] =>
  incompletePoolsOf(slices).filter((pool) =>
    [...pool.slices, ...pool.outdated].some(({ spec }) => spec.nodeName === node || spec.allNodes === true),
  )

/**
 * Reads slices until every pool is complete, and at most for `within`. Resolves with the slices read last, which are still
 * incomplete after that time.
 */
export async function readCompletePools(
  read: () => Promise<readonly ResourceSlice[]>,
  { within = UPDATE_TIMEOUT, signal }: { readonly within?: Seconds; readonly signal?: AbortSignal } = {},
): Promise<readonly ResourceSlice[]> {
  const end = Date.now() + within * 1000
  for (;;) {
    const slices = await read()
    if (incompletePoolsOf(slices).length === 0 || Date.now() >= end) return slices
    await sleep(POLL_MS, undefined, { signal })
  }
}

/** POOL_INCOMPLETE, with driver, pool, generation and slices of each pool. */
export const incompletePoolsError = (pools: readonly Pool[]): ClaimcheckError =>
  new ClaimcheckError('POOL_INCOMPLETE', {
    subject: pools.map(({ driver, name }) => `pool ${name} of driver ${driver}`).join(', '),
    problem: pools.length === 1 ? 'is incomplete' : 'are incomplete',
    expected: pools
      .map(({ generation, sliceCount }) => `${sliceCount} slices of generation ${generation}`)
      .join('; '),
    found: pools.map(foundIn).join('; '),
    hint: 'The driver is publishing the pool. If it stays so, look at the log of the driver on that node and at `kubectl get resourceslices`.',
    details: {
      pools: pools.map(({ driver, name, generation, sliceCount, slices }) => ({
        driver,
        pool: name,
        generation,
        expectedSlices: sliceCount,
        slices: slices.map(({ metadata }) => metadata.name),
      })),
    },
  })

/** Throws POOL_INCOMPLETE. */
export function requireCompletePools(slices: readonly ResourceSlice[]): void {
  const pools = incompletePoolsOf(slices)
  if (pools.length > 0) throw incompletePoolsError(pools)
}

function foundIn({ generation, slices, outdated }: Pool): string {
  const names = (of: readonly ResourceSlice[]) => of.map(({ metadata }) => metadata.name).join(', ')
  const old =
    outdated.length === 0
      ? ''
      : `, beside the outdated ${outdated.map(({ metadata, spec }) => `${metadata.name} of generation ${spec.pool.generation}`).join(', ')}`
  return `${slices.length} of generation ${generation} (${names(slices)})${old}`
}

export interface PoolFeatures {
  readonly driver: string
  readonly pool: string
  /** Names of API fields. */
  readonly features: readonly string[]
}

const featuresOf = (
  slices: readonly ResourceSlice[],
  featuresIn: (own: readonly ResourceSlice[]) => readonly string[],
): readonly PoolFeatures[] =>
  knownPools(slices).flatMap(({ driver, name, slices: own }) => {
    const features = featuresIn(own)
    return features.length === 0 ? [] : [{ driver, pool: name, features }]
  })

/** Pools that are left alone: which node can use their devices is decided by more than the name of a node. */
export const unreadPoolsOf = (slices: readonly ResourceSlice[]): readonly PoolFeatures[] =>
  featuresOf(slices, placementFeatures)

/** Pools whose devices can be shared or divided; whole devices of them are read. */
export const sharedPoolsOf = (slices: readonly ResourceSlice[]): readonly PoolFeatures[] =>
  featuresOf(slices, sharingFeatures)

export const describeUnreadPool = ({ driver, pool, features }: PoolFeatures): string =>
  `pool ${pool} of driver ${driver} is left alone: it uses ${features.join(', ')}`
