/**
 * The figures of one arm between the GPUs of a node in one round, with the proof that the bytes took the path that the arm
 * stands for. A fallback to TCP on one host appears in no NIC counter, so the proof is the transport that UCX reports.
 */
import { pairsOfTurn, type GpuPair } from '../claim/gpu-pairs.ts'
import { gigabytesPerSecond, bytes, rateOf, seconds } from '../core/units.ts'
import type { Sku } from '../sku/sku.ts'
import { gpuMemoryOf } from '../sku/sku-vendor.ts'
import type { TransferOutcome } from '../transfer/transfer-outcome.ts'
import { plannedArm, type ArmsPlan, type LinkArm } from './arm-plan.ts'
import { latencyOf, type ArmRound } from './arm-round.ts'
import { proveTransport, type NicLoad, type TransportProof } from './transport-proof.ts'

/** Unrelated traffic on the host's interfaces during a transfer. Smaller transfers are proved by UCX's report alone. */
const BACKGROUND_BYTES = 64 * 2 ** 20

export interface Turn {
  /** The number of GPUs of the node. */
  readonly gpus: number
  readonly turn: number
}

/** The streams of an arm, as they are in the first round: the pairs of the turn, and the same backwards where bytes go both ways. */
export function linkPairs({ gpus, turn }: Turn, { bothWays }: Pick<LinkArm, 'bothWays'>): readonly GpuPair[] {
  const pairs = pairsOfTurn(gpus, turn)
  return bothWays === true ? [...pairs, ...pairs.map(([a, b]): GpuPair => [b, a])] : pairs
}

/** The bandwidth is that of one pair: where bytes go both ways, of both directions together. */
export function measureLinkArm(
  {
    arm,
    round,
    outcome,
  }: { readonly arm: string; readonly round: number; readonly outcome: TransferOutcome },
  plan: Turn & Pick<ArmsPlan<LinkArm>, 'arms' | 'op' | 'size'>,
  sku: Sku,
): ArmRound {
  const planned = plannedArm(plan, arm)
  const { result } = outcome
  const names = sku.gpus.toSorted((a, b) => (a.pciBusID < b.pciBusID ? -1 : 1)).map(({ name }) => name)
  const paths = linkPairs(plan, planned).map(([a, b]) => `${names[a]} - ${names[b]}`)
  const pairs = result.streams.length / (planned.bothWays === true ? 2 : 1)
  return {
    arm,
    round,
    outcome,
    bandwidth: gigabytesPerSecond(rateOf(bytes(result.total_bytes / pairs), seconds(result.avg_seconds))),
    latency: latencyOf(result),
    streams: result.streams.map((stream, index) => ({
      device: stream.device,
      path: paths[index] ?? stream.device,
      bandwidth: gigabytesPerSecond(rateOf(bytes(stream.bytes), seconds(stream.p50_seconds))),
    })),
    transport: proveLinkTransport(planned, outcome, paths, sku),
  }
}

function proveLinkTransport(
  { path }: LinkArm,
  outcome: TransferOutcome,
  paths: readonly string[],
  sku: Sku,
): TransportProof {
  const { streams, moved_bytes: moved, total_bytes: total } = outcome.result
  const proof = proveTransport(outcome, sku, false)
  const { directTransport } = gpuMemoryOf(sku)
  const strays = streams.flatMap(({ transport, bytes: own }, index): NicLoad[] => {
    const direct = transport !== null && directTransport.test(transport)
    if (transport !== null && direct === (path === 'gpu-links')) return []
    const nic = `${paths[index]} over ${transport ?? 'a transport that UCX did not name'}`
    return [{ nic, direction: 'sent', claimed: false, bytes: own * (moved / total), expected: 0 }]
  })
  return { ...proof, faults: [...strays, ...proof.faults.filter((load) => load.bytes > BACKGROUND_BYTES)] }
}
