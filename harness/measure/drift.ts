/**
 * Drift within an arm: whether iterations become slower (throttling) or faster (incomplete warm-up) over its duration. Rounds,
 * not iterations, are the replicates, so that autocorrelated iterations are not mistaken for a trend.
 */
import { mean } from 'simple-statistics'
import { ClaimcheckError } from '../core/errors.ts'
import { fraction } from '../core/units.ts'
import { geometricInterval, type Interval } from './interval.ts'

/** Mean time of the last third over that of the first: 1.05 means that an iteration takes 5 % longer at the end. */
export function driftOf(samples: readonly number[]): number {
  if (samples.length < 2) {
    throw new ClaimcheckError('EXPECTATION_INVALID', {
      subject: 'drift within an arm',
      problem: 'cannot be computed from one iteration',
      expected: 'at least 2 timed iterations a round',
      found: String(samples.length),
    })
  }
  const third = Math.max(1, Math.floor(samples.length / 3))
  return mean(samples.slice(-third)) / mean(samples.slice(0, third))
}

/**
 * The confidence interval of `driftOf` over the rounds. Both thirds belong to the same round, so differences between rounds
 * cancel out and no minimum width is needed.
 * Throws EXPECTATION_INVALID for fewer than two rounds or two iterations.
 */
export const driftInterval = (rounds: readonly (readonly number[])[], level: number): Interval =>
  geometricInterval(rounds.map(driftOf), level, fraction(0))
