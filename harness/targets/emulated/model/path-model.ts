/**
 * One path of a modelled transfer, from a GPU through a NIC at each end to the peer's GPU. Its rate and the duration of an
 * iteration follow from both pods' plans, the rack's link model and the faults.
 */
import { gigabytesPerSecond, seconds, type GBps } from '../../../core/units.ts'
import { finishTime } from '../../../rack/rate-schedule.ts'
import { payloadShare } from '../../../rack/link-model.ts'
import type { RandomSource } from '../../../rack/seeded-random.ts'
import type { Rack } from '../../../rack/rack.ts'
import type { NicPlan, PodPlan } from '../../../emulation/pod-plan.ts'

/** The fixed duration of an iteration besides its bytes: posting, completion and one round trip. */
export const OVERHEAD_SECONDS = 30e-6
/** The scatter of a single iteration relative to that of a whole transfer. */
const ITERATION_JITTER = 0.5

/** The delay of a lost packet: the peer's negative acknowledgement and the retransmission. */
const RECOVERY_SECONDS = 2e-3

export interface Path {
  readonly from: NicPlan | undefined
  readonly to: NicPlan | undefined
  /** Payload bytes per second. */
  readonly bytesPerSecond: number
}

/** The duration of one iteration of `size` bytes that begins `now` seconds after the first byte. */
export function iterationSeconds(
  rack: Rack,
  path: Path,
  size: number,
  now: number,
  draw: RandomSource,
): number {
  const work = (size / path.bytesPerSecond) * (1 + scatter(rack, draw))
  return overTime(path, now, work) + recovery(path, size, draw) + OVERHEAD_SECONDS
}

export function pathOf(
  rack: Rack,
  sender: PodPlan,
  receiver: PodPlan,
  stream: number,
  streams: number,
  draw: RandomSource,
): Path {
  const from = sender.nics[stream % Math.max(sender.nics.length, 1)]
  const to = receiver.nics[stream % Math.max(receiver.nics.length, 1)]
  const shared = Math.max(1, streams / Math.max(1, sender.nics.length))
  const ethernet = gigabytesPerSecond(rack.links.podNetwork.rate / streams)
  const rates: GBps[] =
    sender.fallsBack || from === undefined ? [ethernet] : [leavingRate(rack, sender, from)]
  if (to !== undefined) rates.push(payloadRate(rack, to))
  const jitter = 1 + rack.links.nic.jitter * draw.normal()
  return { from, to, bytesPerSecond: ((Math.min(...rates) * 1e9) / rack.scale / shared) * jitter }
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
const payloadRate = (rack: Rack, { rate, mtu }: NicPlan): GBps =>
  gigabytesPerSecond((rate * payloadShare(mtu)) / payloadShare(rack.sku.nic.mtu))

/** The duration of `work` seconds that begin at `now`, under the rate schedules of the NICs at both ends. */
function overTime({ from, to }: Path, now: number, work: number): number {
  const ends = [from?.rateSchedule, to?.rateSchedule].filter((schedule) => schedule !== undefined)
  return Math.max(work, ...ends.map((schedule) => finishTime(schedule, seconds(now), seconds(work)) - now))
}

/** The delay by lost packets in one iteration. */
function recovery({ from, to }: Path, size: number, draw: RandomSource): number {
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
