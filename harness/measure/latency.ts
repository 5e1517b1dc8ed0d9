/**
 * Percentiles of latency with an interval. Takes the iterations of each round; gives the percentile of the distribution
 * that they come from, with bounds. Iterations of one round are alike, so the rounds are the replicates.
 */
import { ClaimcheckError } from '../core/errors.ts'
import type { Fraction, Seconds } from '../core/units.ts'
import { geometricInterval, type Interval } from './interval.ts'

export type Percentile = 50 | 95 | 99

/** Fewer iterations than this do not reach as far as the percentile: 100 for p99, 20 for p95. */
export const iterationsFor = (percentile: Percentile): number => Math.ceil(100 / (100 - percentile))

/**
 * `rounds[i]` holds the seconds of each iteration of round i. Throws EXPECTATION_INVALID where a round has too few
 * iterations to tell, or there are fewer than two rounds.
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
      problem: 'cannot be told from so few iterations',
      expected: `at least ${iterationsFor(percentile)} timed iterations a round`,
      found: String(fewest),
      hint: 'Raise the iterations of the transfer, or ask for a lower percentile.',
    })
  }
  return geometricInterval(
    rounds.map((samples) => percentileOf(samples, percentile)),
    level,
    noise,
  )
}

/**
 * The percentile of the distribution behind `samples`, whatever its shape as likely above as below the true one
 * (Hyndman and Fan 1996, definition 8). The RESULT's own p99 interpolates at rank (n-1)p and is too low for this.
 */
export function percentileOf(samples: readonly number[], percentile: number): Seconds {
  const sorted = samples.toSorted((a, b) => a - b)
  const position = ((sorted.length + 1 / 3) * percentile) / 100 - 2 / 3
  const rank = Math.min(sorted.length - 1, Math.max(0, position))
  const [below, above] = [sorted[Math.floor(rank)] ?? Number.NaN, sorted[Math.ceil(rank)] ?? Number.NaN]
  return (below + (above - below) * (rank - Math.floor(rank))) as Seconds
}
