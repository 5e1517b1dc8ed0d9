/**
 * The rate of a NIC over time under a fault, as steps from the pod's first byte; endless if the fault recurs. The process
 * runtime applies it and the model runtime computes with it, so that neither depends on the kind of fault.
 */
import { seconds, type Seconds } from '../core/units.ts'
import type { Fault, FaultOf } from './fault.ts'
import { seededRandom } from './seeded-random.ts'

interface RateStep {
  /** Since the first byte. */
  readonly at: Seconds
  /** The fraction of the NIC's rate. 0 means that the link is down. */
  readonly fraction: number
}

/** Can be iterated any number of times. The first step is at time 0. */
export type RateSchedule = Iterable<RateStep>

type OverTime = FaultOf<'rate-bimodal' | 'rate-jitter' | 'stall' | 'slow-start' | 'throttle' | 'link-flap'>

/** The fraction of a paused NIC, since a shaper cannot have rate 0. */
const PAUSED = 0.02

const KINDS: readonly string[] = [
  'rate-bimodal',
  'rate-jitter',
  'stall',
  'slow-start',
  'throttle',
  'link-flap',
] satisfies readonly OverTime['kind'][]

export const changesOverTime = (fault: Fault): fault is OverTime => KINDS.includes(fault.kind)

/** `name` seeds the random numbers, so that each NIC of each pod has its own. */
export function rateScheduleOf(fault: OverTime, seed: number, name: string): RateSchedule {
  const draw = (): (() => number) => seededRandom(seed, `${fault.kind} ${name}`).uniform
  switch (fault.kind) {
    case 'rate-bimodal':
      return [step(0, draw()() < fault.share ? fault.fraction : 1)]
    case 'slow-start':
      return [step(0, fault.fraction), step(fault.lasting, 1)]
    case 'throttle':
      return [step(0, 1), step(fault.after, fault.fraction)]
    case 'link-flap':
      return [step(0, 1), step(fault.after, 0), step(fault.after + fault.lasting, 1)]
    case 'stall':
      return repeated(fault.every, () => [step(0, 1), step(fault.every - fault.lasting, PAUSED)])
    case 'rate-jitter':
      return {
        [Symbol.iterator]() {
          const uniform = draw()
          const next = (): RateStep[] => [step(0, fault.fraction + (1 - fault.fraction) * uniform())]
          return repeated(fault.every, next)[Symbol.iterator]()
        },
      }
    default:
      return fault satisfies never
  }
}

/** Returns the time at which a load that takes `work` seconds at the full rate ends if it begins at `from`. */
export function finishTime(course: RateSchedule, from: Seconds, work: Seconds): Seconds {
  let [time, left, fraction] = [from as number, work as number, 1]
  for (const { at, fraction: next } of course) {
    if (at > time) {
      const done = (at - time) * fraction
      if (done >= left) break
      ;[time, left] = [at, left - done]
    }
    fraction = next
  }
  return seconds(time + left / fraction)
}

const step = (at: number, fraction: number): RateStep => ({ at: seconds(at), fraction })

function repeated(every: Seconds, once: () => readonly RateStep[]): RateSchedule {
  return {
    *[Symbol.iterator]() {
      for (let n = 0; ; n++) for (const { at, fraction } of once()) yield step(n * every + at, fraction)
    },
  }
}
