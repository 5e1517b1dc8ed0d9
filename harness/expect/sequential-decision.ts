/**
 * Carries out the plan of looks in `measure/sequential-looks.ts`: estimates an interval at each look and decides. The verdict
 * is passed when the whole interval is within the limits, failed when it is outside, and otherwise more rounds are measured;
 * after the last look it is inconclusive. Without proof of transport no figure is judged.
 */
import type { ErrorCode } from '../core/errors.ts'
import { armsOf, type Round } from '../measure/round.ts'
import type { Interval } from '../measure/interval.ts'
import { levelOf, nextLook } from '../measure/sequential-looks.ts'
import type { RoundSource } from '../measure/round-source.ts'
import { fellBack } from '../measure/transport-proof.ts'
import { formatBytes, bytes } from '../core/units.ts'
import type { Verdict } from './expectation.ts'

export interface Limits {
  readonly atLeast?: number
  readonly atMost?: number
  /** The widest interval that passes, as a share of its estimate; absent: any. */
  readonly widest?: number
}

export interface Decision {
  readonly verdict: Verdict
  readonly code?: ErrorCode
  readonly reasons: readonly string[]
  readonly interval: Interval
  readonly rounds: readonly Round[]
}

export async function decide(
  comparison: RoundSource,
  estimate: (rounds: readonly Round[], level: number) => Interval,
  limits: Limits,
): Promise<Decision> {
  const { looks } = comparison
  for (let count = nextLook(looks, comparison.rounds.length); ; count = nextLook(looks, count + 1)) {
    const rounds = (await comparison.atLeast(count)).slice(0, count)
    const interval = estimate(rounds, levelOf(looks))
    const decision = { interval, rounds }
    const unproven = transportFault(rounds)
    if (unproven !== undefined) return { ...decision, verdict: 'inconclusive', ...unproven }
    if (keeps(interval, limits)) return { ...decision, verdict: 'passed', reasons: [] }
    if (breaks(interval, limits))
      return { ...decision, verdict: 'failed', code: 'EXPECTATION_FAILED', reasons: [] }
    if (rounds.length >= looks.cap) {
      const reason = isTooWide(interval, limits)
        ? `the confidence interval is wider than the value itself after ${rounds.length} rounds: the rounds are too noisy`
        : `the confidence interval still contains the limit after ${rounds.length} rounds: the rounds are too noisy, or the true value is too close to the limit`
      return { ...decision, verdict: 'inconclusive', code: 'TOO_NOISY', reasons: [reason] }
    }
  }
}

const keeps = (interval: Interval, limits: Limits): boolean => {
  const { atLeast = -Infinity, atMost = Infinity } = limits
  return interval.low >= atLeast && interval.high <= atMost && !isTooWide(interval, limits)
}
const isTooWide = ({ estimate, low, high }: Interval, { widest = Infinity }: Limits): boolean =>
  high - low > widest * estimate
const breaks = ({ low, high }: Interval, { atLeast = -Infinity, atMost = Infinity }: Limits): boolean =>
  high < atLeast || low > atMost

function transportFault(rounds: readonly Round[]): { code: ErrorCode; reasons: string[] } | undefined {
  for (const round of rounds) {
    for (const arm of armsOf(round.arms)) {
      const where = `${arm.arm}, round ${round.index + 1}`
      const unclaimed = fellBack(arm.transport)
      if (unclaimed !== undefined) {
        const share = `${formatBytes(bytes(unclaimed.bytes))} of ${formatBytes(bytes(arm.transport.movedBytes))}`
        return {
          code: 'TRANSPORT_FALLBACK',
          reasons: [
            `${share} ${unclaimed.direction} by ${unclaimed.nic}, which is not claimed (${where}): the figure is not that of the claimed NICs`,
          ],
        }
      }
      const [worst] = arm.transport.faults
      if (worst !== undefined) {
        return {
          code: 'TRANSPORT_UNPROVEN',
          reasons: [
            `${worst.nic} ${worst.direction} ${formatBytes(bytes(worst.bytes))}; its share is ${formatBytes(bytes(Math.round(worst.expected)))} (${where})`,
          ],
        }
      }
    }
  }
  return undefined
}
