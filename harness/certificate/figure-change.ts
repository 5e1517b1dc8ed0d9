/**
 * The confidence interval for the ratio of a figure between two independent runs: Welch's t interval on the logarithms of
 * the values, since rates and times are compared by ratio.
 */
import { mean, sampleVariance } from 'simple-statistics'
import type { Interval } from '../measure/interval.ts'
import { tQuantile } from '../measure/student-t.ts'

/** The values are one per round. Undefined when a run has fewer than two: a single round does not show its noise. */
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
  const degreesOfFreedom = variance ** 2 / (partA ** 2 / (a.length - 1) + partB ** 2 / (b.length - 1))
  const halfWidth =
    variance === 0 ? 0 : tQuantile(1 - (1 - level) / 2, degreesOfFreedom) * Math.sqrt(variance)
  return {
    estimate: Math.exp(estimate),
    low: Math.exp(estimate - halfWidth),
    high: Math.exp(estimate + halfWidth),
    level,
    rounds: a.length + b.length,
  }
}
