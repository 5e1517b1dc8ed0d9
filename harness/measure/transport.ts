/**
 * Which NICs carried the bytes. Takes a RESULT's counters and the claims of both ends; gives a proof or what speaks
 * against it. A figure without this proof is no verdict about the claimed NICs.
 */
import type { PublishedDevice } from '../claim/readback.ts'
import type { Endpoint, TransferOutcome } from '../transfer/pair.ts'
import type { NicCounters } from '../transfer/result.ts'

/** A NIC may carry this much more or less than its share before it counts as unequal: headers, acknowledgements, retries. */
const SHARE_TOLERANCE = 0.1
/** What other interfaces may carry: the side channel, address resolution. */
const OTHER_TOLERANCE = 0.01

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

export function proveTransport(outcome: TransferOutcome): TransportProof {
  const { result } = outcome
  const writes = result.op === 'WRITE'
  const loads = [
    ...loadsOf(outcome, outcome.initiator, result.nics, writes ? 'sent' : 'received'),
    ...loadsOf(outcome, outcome.target, result.target_nics, writes ? 'received' : 'sent'),
  ]
  const faults = loads
    .filter((load) => excess(load, result.moved_bytes) > 0)
    .sort((a, b) => excess(b, result.moved_bytes) - excess(a, result.moved_bytes))
  return { loads, faults, movedBytes: result.moved_bytes }
}

/** Whether bytes went where no claim allows them: then no bandwidth of this transfer speaks about the claimed NICs. */
export const fellBack = (proof: TransportProof): NicLoad | undefined =>
  proof.faults.find((load) => !load.claimed)

function loadsOf(
  outcome: TransferOutcome,
  end: Endpoint,
  counters: readonly NicCounters[],
  direction: NicLoad['direction'],
): NicLoad[] {
  const { streams, moved_bytes, total_bytes } = outcome.result
  const iterations = moved_bytes / total_bytes
  const expected = new Map<string, number>()
  for (const nic of end.allocated.nics) expected.set(nameOf(nic), 0)
  streams.forEach((stream, index) => {
    const nics = nicsOfStream(end, index, streams.length)
    for (const nic of nics) {
      expected.set(nameOf(nic), (expected.get(nameOf(nic)) ?? 0) + (stream.bytes * iterations) / nics.length)
    }
  })
  // An RDMA device counts what its interface does not see; where both are read, the device decides.
  const byDevice = new Map<string, number>()
  const others = new Map<string, number>()
  for (const kind of ['interface', 'rdma'] as const) {
    for (const counter of counters.filter((counter) => counter.kind === kind)) {
      const carried =
        direction === 'sent'
          ? counter.tx_bytes_after - counter.tx_bytes_before
          : counter.rx_bytes_after - counter.rx_bytes_before
      const claimed = end.allocated.nics.find(
        (nic) => nic.ifName === counter.name || nic.rdmaDevice === counter.name,
      )
      if (claimed === undefined) others.set(counter.name, carried)
      else byDevice.set(nameOf(claimed), Math.max(carried, byDevice.get(nameOf(claimed)) ?? 0))
    }
  }
  return [
    ...[...expected].map(([nic, share]) => ({
      nic: `${end.node}/${nic}`,
      direction,
      claimed: true,
      bytes: byDevice.get(nic) ?? 0,
      expected: share,
    })),
    ...[...others].map(([nic, bytes]) => ({
      nic: `${end.node}/${nic}`,
      direction,
      claimed: false,
      bytes,
      expected: 0,
    })),
  ]
}

/** Stream i uses the i-th NIC by name; spare NICs are dealt out as further rails, missing ones are shared. The binary does the same. */
function nicsOfStream(end: Endpoint, stream: number, streams: number): readonly PublishedDevice[] {
  const nics = end.allocated.nics.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
  if (nics.length === 0) return []
  if (nics.length <= streams) return nics.filter((_, index) => index === stream % nics.length)
  return nics.filter((_, index) => index % streams === stream)
}

export const nameOf = (device: PublishedDevice): string => device.rdmaDevice ?? device.ifName ?? device.name

function excess(load: NicLoad, moved: number): number {
  const allowed = load.claimed ? SHARE_TOLERANCE * load.expected : OTHER_TOLERANCE * moved
  return Math.abs(load.bytes - load.expected) - allowed
}
