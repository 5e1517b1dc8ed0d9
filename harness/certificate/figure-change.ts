/**
 * How a figure changed from one run to another. Takes its values, one a round, of two runs that share no round; gives
 * the ratio of the later to the earlier with an interval: Welch's, on logarithms, since rates and times are ratios.
 */
import { mean, sampleVariance } from 'simple-statistics'
import type { Interval } from '../measure/interval.ts'
import { tQuantile } from '../measure/student-t.ts'

/** Undefined where either run has fewer than two rounds: one round has no noise to hold a change against. */
export function changeInterval(
  before: readonly number[],
  after: readonly number[],
  level: number,
): Interval | undefined {
  if (before.length < 2 || after.length < 2) return undefined
  const [a, b] = [before.map(Math.log), after.map(Math.log)]
  const estimate = mean(b) - mean(a)
  const [partA, partB] = [sampleVariance(a) / a.length, sampleVariance(b) / b.length]
  const variance = partA + partB
  const freedom = variance ** 2 / (partA ** 2 / (a.length - 1) + partB ** 2 / (b.length - 1))
  const reach = variance === 0 ? 0 : tQuantile(1 - (1 - level) / 2, freedom) * Math.sqrt(variance)
  return {
    estimate: Math.exp(estimate),
    low: Math.exp(estimate - reach),
    high: Math.exp(estimate + reach),
    level,
    rounds: a.length + b.length,
  }
}
