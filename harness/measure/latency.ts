/**
 * Percentiles of latency with confidence intervals. Iterations of one round are correlated, so the rounds are the
 * replicates.
 */
import { ClaimcheckError } from '../core/errors.ts'
import type { Fraction, Seconds } from '../core/units.ts'
import { geometricInterval, type Interval } from './interval.ts'

export type Percentile = 50 | 95 | 99

/** The minimum of iterations in a round for the percentile to be estimated: 100 for p99, 20 for p95. */
export const iterationsFor = (percentile: Percentile): number => Math.ceil(100 / (100 - percentile))

/**
 * `rounds[i]` holds the seconds of each iteration of round i. Throws EXPECTATION_INVALID when a round has too few
 * iterations, or there are fewer than two rounds.
 */
export function percentileInterval(
  rounds: readonly (readonly number[])[],
  percentile: Percentile,
  level: number,
  noise?: Fraction,
): Interval {
  const fewest = Math.min(...rounds.map((samples) => samples.length))
  if (fewest < iterationsFor(percentile)) {
    throw new ClaimcheckError('EXPECTATION_INVALID', {
      subject: `p${percentile} latency`,
      problem: 'cannot be estimated from so few iterations',
      expected: `at least ${iterationsFor(percentile)} timed iterations in each round`,
      found: String(fewest),
      hint: 'Raise the iterations of the transfer, or use a lower percentile.',
    })
  }
  return geometricInterval(
    rounds.map((samples) => percentileOf(samples, percentile)),
    level,
    noise,
  )
}

/**
 * An approximately median-unbiased estimate of the percentile, whatever the distribution (Hyndman and Fan 1996, definition 8).
 * The p99 of the RESULT interpolates at rank (n-1)p, which underestimates it.
 */
export function percentileOf(samples: readonly number[], percentile: number): Seconds {
  const sorted = samples.toSorted((a, b) => a - b)
  const position = ((sorted.length + 1 / 3) * percentile) / 100 - 2 / 3
  const rank = Math.min(sorted.length - 1, Math.max(0, position))
  const [below, above] = [sorted[Math.floor(rank)] ?? Number.NaN, sorted[Math.ceil(rank)] ?? Number.NaN]
  return (below + (above - below) * (rank - Math.floor(rank))) as Seconds
}
