/**
 * Drift within an arm: whether its iterations become slower (throttling) or faster (warm-up not reached) from beginning
 * to end. Takes the iterations of each round in their order; gives last third over first third, with an interval.
 * The rounds are the replicates, so that autocorrelated iterations do not pass for a trend.
 */
import { mean } from 'simple-statistics'
import { ClaimcheckError } from '../core/errors.ts'
import { fraction } from '../core/units.ts'
import { geometricInterval, type Interval } from './interval.ts'

/** Mean time of the last third over that of the first: 1.05 says that an iteration takes 5 % longer at the end. */
export function driftOf(samples: readonly number[]): number {
  if (samples.length < 2) {
    throw new ClaimcheckError('EXPECTATION_INVALID', {
      subject: 'drift within an arm',
      problem: 'cannot be told from one iteration',
      expected: 'at least 2 timed iterations a round',
      found: String(samples.length),
    })
  }
  const third = Math.max(1, Math.floor(samples.length / 3))
  return mean(samples.slice(-third)) / mean(samples.slice(0, third))
}

/**
 * Both thirds are of the same round, so what the rounds do not share cancels out and no floor is needed.
 * Throws EXPECTATION_INVALID for fewer than two rounds or two iterations.
 */
export const driftInterval = (rounds: readonly (readonly number[])[], level: number): Interval =>
  geometricInterval(rounds.map(driftOf), level, fraction(0))
