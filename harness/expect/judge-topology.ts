/** Judges topology: published devices against the SKU, and the distance of the GPU and NIC pairs of a claim. */
import {
  DISTANCES,
  distanceOf,
  meetsDistance,
  type Distance,
  type DistanceRequirement,
} from '../claim/pcie-distance.ts'
import { positionOf, skuGpuOf, skuNicOf } from '../claim/sku-device.ts'
import { compareTopology } from '../claim/published-topology.ts'
import {
  describeUnreadPool,
  incompletePoolsError,
  incompletePoolsOn,
  unreadPoolsOf,
} from '../claim/resource-pool-state.ts'
import type { AllocatedGpu, AllocatedNic } from '../claim/allocated-claim.ts'
import { nicName } from '../claim/sku-device.ts'
import type { Sku } from '../sku/sku.ts'
import { inconclusiveExpectation, type Expectation } from './expectation.ts'
import type { ClaimedPods } from '../transfer/pod-set.ts'
import type { PublishedDevices } from './published-devices.ts'

export const matchStatement = (sku: Sku): string => `the published topology is that of ${sku.name}`

/** One expectation per node, so that a report names the node that differs. Inconclusive where a pool of the node is incomplete. */
export async function judgeMatch(devices: PublishedDevices, sku: Sku): Promise<readonly Expectation[]> {
  const slices = await devices.slices()
  const nodes = await devices.nodes()
  const mismatches = compareTopology(slices, sku, nodes)
  const unread = unreadPoolsOf(slices).map(describeUnreadPool)
  return nodes.map((node) => {
    const statement = `${node}: ${matchStatement(sku)}`
    const incomplete = incompletePoolsOn(node, slices)
    if (incomplete.length > 0)
      return inconclusiveExpectation(statement, '0', incompletePoolsError(incomplete), devices.emulated)
    const own = mismatches.filter((mismatch) => mismatch.node === node)
    const passed = own.length === 0
    return {
      statement,
      verdict: passed ? 'passed' : 'failed',
      ...(passed ? {} : { code: 'TOPOLOGY_MISMATCH' as const }),
      reasons: own.map(
        ({ kind, device, expected, found }) =>
          `${node}/${device}: ${kind}: expected ${expected}, found ${found}`,
      ),
      measured: [
        passed
          ? `${sku.gpus.length} GPUs and ${sku.nics.length} NICs, 0 deviations`
          : `${own.length} deviations`,
        ...unread,
      ].join('; '),
      limit: '0',
      properties: { deviations: own.length },
      emulated: devices.emulated,
    }
  })
}

export const pairsStatement = (distance: DistanceRequirement): string =>
  `every pair of claimed GPU and NIC lies at ${distance}`

/** Uses the SKU's NUMA map rather than published attributes, so that a NIC published on the wrong NUMA node fails. */
export async function judgePairs(pods: ClaimedPods, distance: DistanceRequirement): Promise<Expectation> {
  const { sku } = pods
  const pairs = (await pods.claims()).flatMap(({ node, gpus, nics }) =>
    gpus.flatMap((gpu) =>
      nics.map((nic) => ({
        pair: `${node}: ${gpu.name} - ${nicName(nic, sku)}`,
        found: trueDistance(gpu, nic, sku),
      })),
    ),
  )
  const wrong = pairs.filter(({ found }) => found === 'unknown' || !meetsDistance(found, distance))
  const complete = pairs.length > 0 && wrong.length === 0
  return {
    statement: pairsStatement(distance),
    verdict: complete ? 'passed' : 'failed',
    ...(complete ? {} : { code: 'TOPOLOGY_MISMATCH' as const }),
    reasons: wrong.map(({ pair, found }) => `${pair} is at distance ${found}`),
    measured: `${pairs.length - wrong.length} of ${pairs.length} pairs${distancesOf(pairs)}`,
    limit: distance,
    properties: { pairs: pairs.length, 'pairs.wrong': wrong.length },
    emulated: pods.emulated,
  }
}

/** `, at PIX and NODE`: the distances found. */
function distancesOf(pairs: readonly { readonly found: Distance | 'unknown' }[]): string {
  const found = new Set(pairs.map((pair) => pair.found))
  const names = DISTANCES.filter((one) => found.has(one))
  return names.length === 0 ? '' : `, at ${names.join(' and ')}`
}

/** From the SKU's NUMA map; `unknown` for a device that the SKU does not have. */
function trueDistance(gpu: AllocatedGpu, nic: AllocatedNic, sku: Sku): Distance | 'unknown' {
  const [knownGpu, knownNic] = [skuGpuOf(gpu, sku), skuNicOf(nic, sku)]
  if (knownGpu === undefined || knownNic === undefined) return 'unknown'
  return distanceOf(positionOf(knownGpu, gpu), positionOf(knownNic, nic))
}
