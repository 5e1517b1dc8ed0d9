/**
 * Which NICs carried the bytes. Takes a RESULT's counters and the claims of both ends; gives a proof or what speaks
 * against it. A figure without this proof is no verdict about the claimed NICs.
 */
import { nicName } from '../claim/sku-device.ts'
import type { AllocatedNic } from '../claim/allocated-claim.ts'
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
  /** What it should have carried; 0 for an unclaimed one. */
  readonly expected: number
}

export interface TransportProof {
  readonly loads: readonly NicLoad[]
  /** Loads that are not what the claim says, worst first; empty when proved. */
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

/** Whether bytes went where no claim allows them: then no bandwidth of this transfer speaks about the claimed NICs. */
export const fellBack = (proof: TransportProof): NicLoad | undefined =>
  proof.faults.find((load) => !load.claimed)

/**
 * The NICs of a claim in the order in which the binary pairs them with its streams: by PCI address. Stream i uses NIC i;
 * spare NICs are dealt out as further rails, missing ones are shared.
 */
export function nicsOfStream(end: Endpoint, stream: number, streams: number): readonly AllocatedNic[] {
  const nics = end.allocated.nics.toSorted((a, b) =>
    (a.pciAddress ?? a.name) < (b.pciAddress ?? b.name) ? -1 : 1,
  )
  if (nics.length === 0) return []
  if (nics.length <= streams) return nics.filter((_, index) => index === stream % nics.length)
  return nics.filter((_, index) => index % streams === stream)
}

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
    // An RDMA device counts what its interface does not see; where both are read, the busier one is right.
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

/** The payload of all streams that go by this NIC, warm-up and verification included. */
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
