/** Judges where devices lie: what drivers publish against the SKU, and the pairs that an arm was given. */
import { distanceOf, type Distance } from '../claim/distance.ts'
import { skuGpuOf, skuNicOf } from '../claim/identity.ts'
import { compareTopology } from '../claim/published-topology.ts'
import type { AllocatedGpu, AllocatedNic } from '../claim/readback.ts'
import { ClaimcheckError } from '../core/errors.ts'
import { nicName } from '../claim/identity.ts'
import type { Sku } from '../sku/sku.ts'
import type { Arm } from './arm.ts'
import type { Expectation } from './expectation.ts'
import type { PublishedRack } from './published-rack.ts'

export const matchStatement = (sku: Sku): string => `the published topology is that of ${sku.name}`

/** One expectation a node, so that a report names the bad one. */
export async function judgeMatch(rack: PublishedRack, sku: Sku): Promise<readonly Expectation[]> {
  const slices = await rack.slices()
  const nodes = await rack.target.nodes()
  const mismatches = compareTopology(slices, sku, nodes)
  return nodes.map((node) => {
    const own = mismatches.filter((mismatch) => mismatch.node === node)
    const passed = own.length === 0
    return {
      statement: `${node}: ${matchStatement(sku)}`,
      verdict: passed ? 'passed' : 'failed',
      ...(passed ? {} : { code: 'TOPOLOGY_MISMATCH' as const }),
      reasons: own.map(
        ({ kind, device, expected, found }) =>
          `${node}/${device}: ${kind}: expected ${expected}, found ${found}`,
      ),
      measured: passed
        ? `${sku.gpus.length} GPUs and ${sku.nics.length} NICs as the SKU says`
        : `${own.length} deviations`,
      limit: 'no deviation',
      properties: { deviations: own.length },
      emulated: rack.target.emulation !== undefined,
    }
  })
}

export const pairsStatement = (arm: Arm, distance: Distance): string =>
  `${arm.name}: every pair of claimed GPU and NIC is at ${distance}`

/** Devices on the wrong NUMA node are this expectation's failure; for the others they are a precondition not met. */
export async function judgePairs(arm: Arm, distance: Distance): Promise<Expectation> {
  const { sku } = arm.comparison
  const base = { statement: pairsStatement(arm, distance), limit: distance, emulated: arm.emulated }
  const rounds = await arm.comparison.atLeast(arm.comparison.looks.first).catch((error: unknown) => {
    if (error instanceof ClaimcheckError && error.code === 'PRECONDITION_TOPOLOGY') return error
    // What ended a later transfer says nothing about devices that were claimed before it.
    throw error
  })
  if (rounds instanceof ClaimcheckError) {
    return {
      ...base,
      verdict: 'failed',
      code: rounds.code,
      reasons: [rounds.message],
      measured: 'other devices than asked for',
      properties: {},
    }
  }
  const pairs = arm.of(rounds).flatMap(({ outcome }) =>
    [outcome.initiator, outcome.target].flatMap(({ node, allocated }) =>
      allocated.gpus.flatMap((gpu) =>
        allocated.nics.map((nic) => ({
          pair: `${node}: ${gpu.name} - ${nicName(nic, sku)}`,
          found: trueDistance(gpu, nic, sku),
        })),
      ),
    ),
  )
  const wrong = pairs.filter(({ found }) => found !== distance)
  return {
    ...base,
    verdict: wrong.length === 0 ? 'passed' : 'failed',
    ...(wrong.length === 0 ? {} : { code: 'TOPOLOGY_MISMATCH' as const }),
    reasons: [...new Set(wrong.map(({ pair, found }) => `${pair} is at ${found}`))],
    measured: `${pairs.length - wrong.length} of ${pairs.length} pairs`,
    properties: { pairs: pairs.length, 'pairs.wrong': wrong.length, rounds: rounds.length },
  }
}

/** By the SKU's NUMA map; a device the SKU does not know has no distance that could be trusted. */
function trueDistance(gpu: AllocatedGpu, nic: AllocatedNic, sku: Sku): Distance | 'unknown' {
  const [knownGpu, knownNic] = [skuGpuOf(gpu, sku), skuNicOf(nic, sku)]
  if (knownGpu === undefined || knownNic === undefined) return 'unknown'
  return distanceOf({ ...knownGpu, pcieRoot: gpu.pcieRoot }, { ...knownNic, pcieRoot: nic.pcieRoot })
}
