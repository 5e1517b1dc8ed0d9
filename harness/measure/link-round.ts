/**
 * The figures of one arm between the GPUs of a node in one round, with the proof that the bytes took the path that the arm
 * stands for. A fallback to TCP on one host appears in no NIC counter, so the proof is the transport that UCX reports.
 */
import { pairsOfTurn } from '../claim/gpu-pairs.ts'
import { gigabytesPerSecond, bytes, rateOf, seconds } from '../core/units.ts'
import type { LinkArm, Sku } from '../sku/sku.ts'
import { gpuMemoryOf } from '../sku/sku-vendor.ts'
import type { TransferOutcome } from '../transfer/transfer-outcome.ts'
import type { ArmRound } from './arm-round.ts'
import { proveTransport, type NicLoad, type TransportProof } from './transport-proof.ts'

/** Unrelated traffic on the host's interfaces during a transfer. Smaller transfers are proved by UCX's report alone. */
const BACKGROUND_BYTES = 64 * 2 ** 20

export function measureLinkArm(
  {
    arm,
    round,
    outcome,
  }: { readonly arm: LinkArm; readonly round: number; readonly outcome: TransferOutcome },
  { turn, gpus }: { readonly turn: number; readonly gpus: number },
  sku: Sku,
): ArmRound {
  const { result } = outcome
  const names = sku.gpus.toSorted((a, b) => (a.pciBusID < b.pciBusID ? -1 : 1)).map(({ name }) => name)
  const paths = pairsOfTurn(gpus, turn).map(([a, b]) => `${names[a]} - ${names[b]}`)
  const pairs = result.streams.length
  return {
    arm,
    round,
    outcome,
    bandwidth: gigabytesPerSecond(rateOf(bytes(result.total_bytes / pairs), seconds(result.avg_seconds))),
    latency: {
      mean: seconds(result.avg_seconds),
      min: seconds(result.min_seconds),
      p50: seconds(result.p50_seconds),
      p95: seconds(result.p95_seconds),
      p99: seconds(result.p99_seconds),
    },
    streams: result.streams.map((stream, index) => ({
      device: stream.device,
      path: paths[index] ?? stream.device,
      bandwidth: gigabytesPerSecond(rateOf(bytes(stream.bytes), seconds(stream.p50_seconds))),
    })),
    transport: proveLinkTransport(arm, outcome, paths, sku),
  }
}

function proveLinkTransport(
  arm: LinkArm,
  outcome: TransferOutcome,
  paths: readonly string[],
  sku: Sku,
): TransportProof {
  const { streams, moved_bytes: moved, total_bytes: total } = outcome.result
  const proof = proveTransport(outcome, sku, false)
  const { directTransport } = gpuMemoryOf(sku)
  const strays = streams.flatMap(({ transport, bytes: own }, index): NicLoad[] => {
    const direct = transport !== null && directTransport.test(transport)
    if (transport !== null && direct === (arm === 'linked')) return []
    const nic = `${paths[index]} over ${transport ?? 'a transport that UCX did not name'}`
    return [{ nic, direction: 'sent', claimed: false, bytes: own * (moved / total), expected: 0 }]
  })
  return { ...proof, faults: [...strays, ...proof.faults.filter((load) => load.bytes > BACKGROUND_BYTES)] }
}
