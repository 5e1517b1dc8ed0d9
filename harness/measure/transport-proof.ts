/**
 * Proves from a RESULT that the claimed NICs carried the bytes: from the byte counters, and from the transport that UCX named
 * for each stream. Without this proof no figure is judged, since it might belong to other NICs.
 */
import { nicName } from '../claim/sku-device.ts'
import type { AllocatedNic } from '../claim/allocated-claim.ts'
import { inPciOrder, railsOfStream } from '../claim/rails.ts'
import type { Sku } from '../sku/sku.ts'
import { NIC_SHARE_TOLERANCE, UNCLAIMED_SHARE_LIMIT } from './default-limits.ts'
import type { Endpoint, TransferOutcome } from '../transfer/transfer-outcome.ts'
import { streamsOneWay, type NicCounters } from '../transfer/result.ts'

export interface NicLoad {
  /** `node-a/mlx5_1`. */
  readonly nic: string
  readonly direction: 'sent' | 'received'
  readonly claimed: boolean
  readonly bytes: number
  /** Where the bytes were read; absent where the binary did not say. */
  readonly source?: NonNullable<NicCounters['source']>
  /** The bytes it should have carried; 0 for an unclaimed interface. */
  readonly expected: number
}

export interface TransportProof {
  readonly loads: readonly NicLoad[]
  /** Loads that differ from their share by more than the tolerance, worst first; empty when the proof holds. */
  readonly faults: readonly NicLoad[]
  readonly movedBytes: number
  /**
   * Claimed RDMA NICs whose bytes no counter shows in the pod. For them UCX's transport is the only proof: enough for figures,
   * not for shares. Absent when there is none.
   */
  readonly uncounted?: readonly string[]
}

/** `emulated`: the pods' RDMA NICs are emulated by interfaces, so that TCP over these is no fallback. */
export function proveTransport(outcome: TransferOutcome, sku: Sku, emulated: boolean): TransportProof {
  const { result } = outcome
  const common = { outcome, sku, emulated }
  const ops = [...new Set(result.streams.map(({ op = result.op }) => op))]
  const sides = ops.flatMap((op): readonly Side[] => {
    const [sent, received] =
      op === 'WRITE' ? (['sent', 'received'] as const) : (['received', 'sent'] as const)
    return [
      { ...common, op, end: outcome.initiator, counters: result.nics, direction: sent },
      { ...common, op, end: outcome.target, counters: result.target_nics, direction: received },
    ]
  })
  const loads = sides.flatMap(loadsOf)
  const names = sides.flatMap((side) =>
    side.end.allocated.nics.filter((nic) => isUncounted(nic, side)).map((nic) => fullName(nic, side)),
  )
  const uncounted = [...new Set(names)]
  const byExcess = loads
    .filter((load) => excess(load, result.moved_bytes) > 0)
    .sort((a, b) => excess(b, result.moved_bytes) - excess(a, result.moved_bytes))
  const claimedCarriedAll =
    !emulated &&
    uncounted.length === 0 &&
    byExcess.every((load) => !load.claimed) &&
    result.streams.every((_, index) => usesClaimedRdma(outcome, index, sku))
  // On a node, or a shared port, unclaimed bytes are then those of other tenants.
  const own = claimedCarriedAll ? [] : byExcess
  return {
    loads,
    faults: [...(emulated ? [] : fallbacks(outcome, sku)), ...own],
    movedBytes: result.moved_bytes,
    ...(uncounted.length === 0 ? {} : { uncounted }),
  }
}

/** The unclaimed interface that carried bytes, if any: the transfer's bandwidth is then not that of the claimed NICs. */
export const fellBack = (proof: TransportProof): NicLoad | undefined =>
  proof.faults.find((load) => !load.claimed)

/** The NICs that a stream uses as its rails at one end. `oneWay`: the streams of one direction; those of the other use the same. */
export const nicsOfStream = (end: Endpoint, stream: number, oneWay: number): readonly AllocatedNic[] =>
  railsOfStream(orderedNics(end), stream % oneWay, oneWay)

/** Claimed NICs in the order in which streams use them. */
export const orderedNics = ({ allocated }: Endpoint): readonly AllocatedNic[] =>
  inPciOrder(allocated.nics, (nic) => nic)

interface Side {
  readonly outcome: TransferOutcome
  readonly sku: Sku
  readonly emulated: boolean
  readonly end: Endpoint
  readonly counters: readonly NicCounters[]
  readonly direction: NicLoad['direction']
  /** Of the streams that move bytes in this direction. */
  readonly op: TransferOutcome['result']['op']
}

/** Streams of claimed RDMA NICs for which UCX named a transport over none of them. */
function fallbacks({ result, initiator }: TransferOutcome, sku: Sku): NicLoad[] {
  const { streams, moved_bytes: moved, total_bytes: total } = result
  const oneWay = streamsOneWay(result)
  return streams.flatMap(({ transport, bytes }, index): NicLoad[] => {
    const nics = nicsOfStream(initiator, index, oneWay)
    if (transport === null || !nics.some(({ rdma }) => rdma) || namesRdma(transport, nics, sku)) return []
    const nic = `${initiator.node}, stream ${index} over ${transport}`
    return [{ nic, direction: 'sent', claimed: false, bytes: bytes * (moved / total), expected: 0 }]
  })
}

/** Whether UCX named, for a stream, a claimed RDMA device of the initiator. */
function usesClaimedRdma({ result, initiator }: TransferOutcome, stream: number, sku: Sku): boolean {
  const transport = result.streams[stream]?.transport ?? null
  return (
    transport !== null && namesRdma(transport, nicsOfStream(initiator, stream, streamsOneWay(result)), sku)
  )
}

/** Whether UCX's words for a transport, such as `rc_mlx5/mlx5_0:1`, name the RDMA device of one of these NICs. */
const namesRdma = (transport: string, nics: readonly AllocatedNic[], sku: Sku): boolean =>
  nics.some((nic) => nic.rdma && rdmaNames(nic, sku).some((device) => transport.includes(`/${device}:`)))

const rdmaNames = (nic: AllocatedNic, sku: Sku): readonly string[] =>
  nic.rdmaDevice === undefined ? [nicName(nic, sku)] : [nic.rdmaDevice]

/** Whether UCX used the NIC by RDMA and no counter of RDMA bytes was read for it. An interface's own may leave RDMA out. */
function isUncounted(nic: AllocatedNic, side: Side): boolean {
  const { outcome, sku, emulated } = side
  if (emulated || !nic.rdma || countersOf(nic, side).some(({ kind }) => kind === 'rdma')) return false
  const own = streamsOf(nic, side)
  return own.length > 0 && own.every((stream) => usesClaimedRdma(outcome, stream, sku))
}

const streamsOf = (nic: AllocatedNic, { outcome: { result }, end }: Side): readonly number[] =>
  result.streams.flatMap((_, index) =>
    nicsOfStream(end, index, streamsOneWay(result)).includes(nic) ? index : [],
  )

const fullName = (nic: AllocatedNic, { end, sku }: Side): string => `${end.node}/${nicName(nic, sku)}`

/**
 * Whether only RDMA counters prove the NIC's bytes: no stream of it names its transport, as with LIBFABRIC. TCP over the NIC's
 * interface would otherwise pass as RDMA.
 */
const needsRdmaCounters = (nic: AllocatedNic, side: Side): boolean =>
  !side.emulated &&
  nic.rdma &&
  streamsOf(nic, side).some((stream) => side.outcome.result.streams[stream]?.transport === null)

const countersOf = (nic: AllocatedNic, { counters, sku }: Side): readonly NicCounters[] =>
  counters.filter(({ name }) => name === nic.ifName || name === nicName(nic, sku))

function loadsOf(side: Side): NicLoad[] {
  const { end, counters, direction, sku } = side
  const claimed = end.allocated.nics
    .filter((nic) => !isUncounted(nic, side))
    .map((nic): NicLoad => {
      // Traffic of an RDMA device does not appear in its interface's counters; of both counters, the higher one is right.
      const isRdma = ({ kind }: NicCounters): number => (kind === 'rdma' ? 1 : 0)
      const all = countersOf(nic, side)
      const own = needsRdmaCounters(nic, side) ? all.filter((counter) => isRdma(counter) === 1) : all
      const [most] = own.toSorted(
        (a, b) => bytesOf(b, direction) - bytesOf(a, direction) || isRdma(b) - isRdma(a),
      )
      return {
        nic: fullName(nic, side),
        direction,
        claimed: true,
        bytes: most === undefined ? 0 : Math.max(0, bytesOf(most, direction)),
        ...(most?.source === undefined ? {} : { source: most.source }),
        expected: shareOf(nic, side),
      }
    })
  const names = new Set(end.allocated.nics.flatMap((nic) => [nic.ifName, nicName(nic, sku)]))
  const others = counters
    .filter(({ name }) => !names.has(name))
    .map((counter): NicLoad => ({
      nic: `${end.node}/${counter.name}`,
      direction,
      claimed: false,
      bytes: bytesOf(counter, direction),
      ...(counter.source === undefined ? {} : { source: counter.source }),
      expected: 0,
    }))
  return [...claimed, ...others]
}

const bytesOf = (counter: NicCounters, direction: NicLoad['direction']): number =>
  direction === 'sent'
    ? counter.tx_bytes_after - counter.tx_bytes_before
    : counter.rx_bytes_after - counter.rx_bytes_before

/** The payload of all streams that use this NIC, including warm-up and verification. */
function shareOf(nic: AllocatedNic, { outcome, end, op }: Side): number {
  const { streams, moved_bytes, total_bytes } = outcome.result
  return streams.reduce((sum, stream, index) => {
    const nics = nicsOfStream(end, index, streamsOneWay(outcome.result))
    const isOwn = (stream.op ?? outcome.result.op) === op
    return isOwn && nics.includes(nic)
      ? sum + (stream.bytes * (moved_bytes / total_bytes)) / nics.length
      : sum
  }, 0)
}

function excess(load: NicLoad, moved: number): number {
  const allowed = load.claimed ? NIC_SHARE_TOLERANCE * load.expected : UNCLAIMED_SHARE_LIMIT * moved
  return Math.abs(load.bytes - load.expected) - allowed
}
