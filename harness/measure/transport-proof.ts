/**
 * Proves from the interface counters of a RESULT that the claimed NICs carried the bytes. Without this proof no figure is
 * judged, since it might belong to other NICs.
 */
import { nicName } from '../claim/sku-device.ts'
import type { AllocatedNic } from '../claim/allocated-claim.ts'
import { inPciOrder, railsOfStream } from '../claim/rails.ts'
import type { Sku } from '../sku/sku.ts'
import { NIC_SHARE_TOLERANCE, UNCLAIMED_SHARE_LIMIT } from './default-limits.ts'
import type { Endpoint, TransferOutcome } from '../transfer/transfer-outcome.ts'
import type { NicCounters } from '../transfer/result.ts'

export interface NicLoad {
  /** `node-a/mlx5_1`. */
  readonly nic: string
  readonly direction: 'sent' | 'received'
  readonly claimed: boolean
  readonly bytes: number
  /** The bytes it should have carried; 0 for an unclaimed interface. */
  readonly expected: number
}

export interface TransportProof {
  readonly loads: readonly NicLoad[]
  /** Loads that differ from their share by more than the tolerance, worst first; empty when the proof holds. */
  readonly faults: readonly NicLoad[]
  readonly movedBytes: number
}

export function proveTransport(outcome: TransferOutcome, sku: Sku): TransportProof {
  const { result } = outcome
  const writes = result.op === 'WRITE'
  const loads = [
    ...loadsOf({
      outcome,
      sku,
      end: outcome.initiator,
      counters: result.nics,
      direction: writes ? 'sent' : 'received',
    }),
    ...loadsOf({
      outcome,
      sku,
      end: outcome.target,
      counters: result.target_nics,
      direction: writes ? 'received' : 'sent',
    }),
  ]
  const faults = loads
    .filter((load) => excess(load, result.moved_bytes) > 0)
    .sort((a, b) => excess(b, result.moved_bytes) - excess(a, result.moved_bytes))
  return { loads, faults, movedBytes: result.moved_bytes }
}

/** The unclaimed interface that carried bytes, if any: the transfer's bandwidth is then not that of the claimed NICs. */
export const fellBack = (proof: TransportProof): NicLoad | undefined =>
  proof.faults.find((load) => !load.claimed)

/** The NICs that a stream uses as its rails at one end. */
export const nicsOfStream = (end: Endpoint, stream: number, streams: number): readonly AllocatedNic[] =>
  railsOfStream(orderedNics(end), stream, streams)

/** Claimed NICs in the order in which streams use them. */
export const orderedNics = ({ allocated }: Endpoint): readonly AllocatedNic[] =>
  inPciOrder(allocated.nics, (nic) => nic)

interface Side {
  readonly outcome: TransferOutcome
  readonly sku: Sku
  readonly end: Endpoint
  readonly counters: readonly NicCounters[]
  readonly direction: NicLoad['direction']
}

function loadsOf(side: Side): NicLoad[] {
  const { end, counters, direction, sku } = side
  const claimed = end.allocated.nics.map((nic) => {
    // Traffic of an RDMA device does not appear in its interface's counters; of both counters, the higher one is right.
    const own = counters.filter(({ name }) => name === nic.ifName || name === nicName(nic, sku))
    const carried = Math.max(0, ...own.map((counter) => bytesOf(counter, direction)))
    return {
      nic: `${end.node}/${nicName(nic, sku)}`,
      direction,
      claimed: true,
      bytes: carried,
      expected: shareOf(nic, side),
    }
  })
  const names = new Set(end.allocated.nics.flatMap((nic) => [nic.ifName, nicName(nic, sku)]))
  const others = counters
    .filter(({ name }) => !names.has(name))
    .map((counter) => ({
      nic: `${end.node}/${counter.name}`,
      direction,
      claimed: false,
      bytes: bytesOf(counter, direction),
      expected: 0,
    }))
  return [...claimed, ...others]
}

const bytesOf = (counter: NicCounters, direction: NicLoad['direction']): number =>
  direction === 'sent'
    ? counter.tx_bytes_after - counter.tx_bytes_before
    : counter.rx_bytes_after - counter.rx_bytes_before

/** The payload of all streams that use this NIC, including warm-up and verification. */
function shareOf(nic: AllocatedNic, { outcome, end }: Side): number {
  const { streams, moved_bytes, total_bytes } = outcome.result
  return streams.reduce((sum, stream, index) => {
    const nics = nicsOfStream(end, index, streams.length)
    return nics.includes(nic) ? sum + (stream.bytes * (moved_bytes / total_bytes)) / nics.length : sum
  }, 0)
}

function excess(load: NicLoad, moved: number): number {
  const allowed = load.claimed ? NIC_SHARE_TOLERANCE * load.expected : UNCLAIMED_SHARE_LIMIT * moved
  return Math.abs(load.bytes - load.expected) - allowed
}
