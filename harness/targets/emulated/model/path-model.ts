/**
 * One path of a modelled transfer, from a GPU through its NICs at both ends to the peer's GPU. Its rate and the duration of an
 * iteration follow from both pods' plans, the rack's link model and the faults.
 */
import { railsOfStream, sharersOf } from '../../../claim/rails.ts'
import { gigabytesPerSecond, seconds, type GBps } from '../../../core/units.ts'
import { finishTime } from '../../../rack/rate-schedule.ts'
import { payloadShare, statedMtu } from '../../../rack/link-model.ts'
import type { RandomSource } from '../../../rack/seeded-random.ts'
import type { Rack } from '../../../rack/rack.ts'
import type { NicPlan, PodPlan } from '../../../emulation/pod-plan.ts'

/** The fixed duration of an iteration besides its bytes: posting, completion and one round trip. */
export const OVERHEAD_SECONDS = 30e-6
/**
 * What each descriptor adds after the first. Measured between two H200 over NVLink with NIXL 1.5 (docs/performance.md); over NICs
 * it has not been measured, so figures of many blocks are the model's.
 */
export const DESCRIPTOR_SECONDS = 4e-6
/** The scatter of a single iteration relative to that of a whole transfer. */
const ITERATION_JITTER = 0.5

/** The delay of a lost packet: the peer's negative acknowledgement and the retransmission. */
const RECOVERY_SECONDS = 2e-3

/** One NIC of each end, and what a stream moves over the two. */
export interface Rail {
  readonly from: NicPlan | undefined
  readonly to: NicPlan | undefined
  /** Payload bytes per second. */
  readonly bytesPerSecond: number
}

/** The rails of a stream. Its bytes are divided equally among them. */
export type Path = readonly Rail[]

/** The duration of one iteration of `size` bytes that begins `now` seconds after the first byte: that of its slowest rail. */
export function iterationSeconds(
  rack: Rack,
  path: Path,
  size: number,
  now: number,
  draw: RandomSource,
): number {
  const share = size / path.length
  return Math.max(
    ...path.map((rail) => {
      const work = (share / rail.bytesPerSecond) * (1 + scatter(rack, draw))
      return overTime(rail, now, work) + recovery(rail, share, draw) + OVERHEAD_SECONDS
    }),
  )
}

export function pathOf(
  rack: Rack,
  sender: PodPlan,
  receiver: PodPlan,
  stream: number,
  streams: number,
  draw: RandomSource,
): Path {
  const [near, far] = [sender, receiver].map(({ nics }) => railsOfStream(nics, stream, streams))
  const count = Math.max(near?.length ?? 0, far?.length ?? 0, 1)
  const shared = Math.max(...[sender, receiver].map(({ nics }) => sharersOf(nics, stream, streams)), 1)
  const ethernet = gigabytesPerSecond(rack.links.podNetwork.rate / (streams * count))
  return Array.from({ length: count }, (_, rail) => {
    const [from, to] = [near, far].map((nics = []) => nics[rail % nics.length])
    const rates: GBps[] =
      sender.fallsBack || from === undefined
        ? [ethernet]
        : [gigabytesPerSecond(leavingRate(rack, sender, from) / shared)]
    if (to !== undefined) rates.push(gigabytesPerSecond(payloadRate(rack, to) / shared))
    const jitter = 1 + rack.links.nic.jitter * draw.normal()
    return { from, to, bytesPerSecond: ((Math.min(...rates) * 1e9) / rack.scale) * jitter }
  })
}

/** Streams that leave through the same NIC share its rate. */
function leavingRate(rack: Rack, sender: PodPlan, from: NicPlan): GBps {
  const by = carrierOf(sender, from)
  const users = sender.nics.filter((nic) => carrierOf(sender, nic) === by).length
  return gigabytesPerSecond(payloadRate(rack, by) / users)
}

/** The NIC that carries the traffic of `from`. */
export const carrierOf = (sender: PodPlan, from: NicPlan): NicPlan =>
  sender.nics.find(({ nic }) => nic === from.leavesBy) ?? from

/** Smaller frames have a larger share of headers. */
const payloadRate = (rack: Rack, { nic, rate, mtu }: NicPlan): GBps =>
  gigabytesPerSecond((rate * payloadShare(mtu)) / payloadShare(statedMtu(rack.sku, nic)))

/** The duration of `work` seconds that begin at `now`, under the rate schedules of the NICs at both ends. */
function overTime({ from, to }: Rail, now: number, work: number): number {
  const ends = [from?.rateSchedule, to?.rateSchedule].filter((schedule) => schedule !== undefined)
  return Math.max(work, ...ends.map((schedule) => finishTime(schedule, seconds(now), seconds(work)) - now))
}

/** The delay by lost packets in one iteration. */
function recovery({ from, to }: Rail, size: number, draw: RandomSource): number {
  return [from, to]
    .filter((nic) => nic?.lost !== undefined)
    .reduce((time, nic) => {
      const expected = ((nic?.lost ?? 0) * size) / (nic?.mtu ?? 1)
      const lost = Math.floor(expected) + (draw.uniform() < expected % 1 ? 1 : 0)
      return time + lost * RECOVERY_SECONDS
    }, 0)
}

/** Interference only ever slows an iteration down. */
const scatter = (rack: Rack, draw: RandomSource): number =>
  Math.abs(rack.links.nic.jitter * ITERATION_JITTER * draw.normal())
