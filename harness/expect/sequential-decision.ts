/**
 * Looks again until an answer is honest. Takes a comparison, what to estimate and the limits; gives a verdict with its
 * interval: passed when the whole interval keeps the limits, failed when none of it does, else more rounds up to the
 * last look and then inconclusive. Without proof of transport there is no verdict about bandwidth at all.
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
    const unproven = transportDoubt(rounds)
    if (unproven !== undefined) return { ...decision, verdict: 'inconclusive', ...unproven }
    if (keeps(interval, limits)) return { ...decision, verdict: 'passed', reasons: [] }
    if (breaks(interval, limits))
      return { ...decision, verdict: 'failed', code: 'EXPECTATION_FAILED', reasons: [] }
    if (rounds.length >= looks.cap) {
      const reason = `the interval still holds the limit after ${rounds.length} rounds: the rounds scatter too much, or the truth is too close to the limit`
      return { ...decision, verdict: 'inconclusive', code: 'TOO_NOISY', reasons: [reason] }
    }
  }
}

const keeps = ({ low, high }: Interval, { atLeast = -Infinity, atMost = Infinity }: Limits): boolean =>
  low >= atLeast && high <= atMost
const breaks = ({ low, high }: Interval, { atLeast = -Infinity, atMost = Infinity }: Limits): boolean =>
  high < atLeast || low > atMost

function transportDoubt(rounds: readonly Round[]): { code: ErrorCode; reasons: string[] } | undefined {
  for (const round of rounds) {
    for (const arm of armsOf(round)) {
      const where = `${arm.arm}, round ${round.index + 1}`
      const stray = fellBack(arm.transport)
      if (stray !== undefined) {
        const share = `${formatBytes(bytes(stray.bytes))} of ${formatBytes(bytes(arm.transport.movedBytes))}`
        return {
          code: 'TRANSPORT_FALLBACK',
          reasons: [
            `${share} ${stray.direction} by ${stray.nic}, which is not claimed (${where}): the figure does not speak about the claimed NICs`,
          ],
        }
      }
      const [worst] = arm.transport.faults
      if (worst !== undefined) {
        return {
          code: 'TRANSPORT_UNPROVEN',
          reasons: [
            `${worst.nic} ${worst.direction} ${formatBytes(bytes(worst.bytes))} where its share is ${formatBytes(bytes(Math.round(worst.expected)))} (${where})`,
          ],
        }
      }
    }
  }
  return undefined
}
