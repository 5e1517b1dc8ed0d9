/**
 * The figures of one arm in one round, computed from a transfer's outcome and scaled to the hardware that an emulated rack
 * stands for. Measured seconds and bytes stay unscaled in the outcome.
 */
import { bytes, gigabytesPerSecond, rateOf, seconds, type GBps, type Seconds } from '../core/units.ts'
import type { Sku } from '../sku/sku.ts'
import { hasRdmaDevices } from '../targets/target.ts'
import { streamsOneWay, type TransferResult } from '../transfer/result.ts'
import type { Endpoint, TransferOutcome } from '../transfer/transfer-outcome.ts'
import { sharersOf } from '../claim/rails.ts'
import { nicName } from '../claim/sku-device.ts'
import { nicsOfStream, orderedNics, proveTransport, type TransportProof } from './transport-proof.ts'

interface Latency {
  readonly mean: Seconds
  readonly min: Seconds
  readonly p50: Seconds
  readonly p95: Seconds
  readonly p99: Seconds
}

/** As it was measured, not scaled. */
export const latencyOf = (result: TransferResult): Latency => ({
  mean: seconds(result.avg_seconds),
  min: seconds(result.min_seconds),
  p50: seconds(result.p50_seconds),
  p95: seconds(result.p95_seconds),
  p99: seconds(result.p99_seconds),
})

interface StreamRate {
  readonly device: string
  /** `node-a/mlx5_1 - node-b/mlx5_1`. */
  readonly path: string
  /**
   * How many NICs it has, for how many streams, at both ends: `2 for 1 - 2 for 1`. Only paths alike in this are compared. Absent
   * where no NICs are claimed.
   */
  readonly sharing?: string
  readonly bandwidth: GBps
}

export interface ArmRound {
  /** Its name. */
  readonly arm: string
  readonly round: number
  readonly bandwidth: GBps
  readonly latency: Latency
  readonly streams: readonly StreamRate[]
  readonly transport: TransportProof
  readonly outcome: TransferOutcome
}

export function measureArm(
  { arm, round, outcome }: Pick<ArmRound, 'arm' | 'round' | 'outcome'>,
  sku: Sku,
  emulation: { readonly scale: number; readonly runtime: string } | undefined,
): ArmRound {
  const scale = emulation?.scale ?? 1
  const { result } = outcome
  const scaled = (moved: number, time: number): GBps =>
    gigabytesPerSecond(rateOf(bytes(moved), seconds(time)) * scale)
  const streams = streamsOneWay(result)
  const sharingAt = (end: Endpoint, stream: number): string =>
    `${nicsOfStream(end, stream, streams).length} for ${sharersOf(orderedNics(end), stream % streams, streams)}`
  const nicsAt = (end: Endpoint, stream: number): string =>
    nicsOfStream(end, stream, streams)
      .map((nic) => `${end.node}/${nicName(nic, sku)}`)
      .join('+') || `${end.node}, no NIC`
  return {
    arm,
    round,
    outcome,
    bandwidth: scaled(result.total_bytes, result.avg_seconds),
    latency: latencyOf(result),
    streams: result.streams.map((stream, index) => ({
      device: stream.device,
      path: `${nicsAt(outcome.initiator, index)} - ${nicsAt(outcome.target, index)}`,
      sharing: `${sharingAt(outcome.initiator, index)} - ${sharingAt(outcome.target, index)}`,
      bandwidth: scaled(stream.bytes, stream.p50_seconds),
    })),
    transport: proveTransport(outcome, sku, !hasRdmaDevices(emulation)),
  }
}
