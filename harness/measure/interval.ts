/**
 * Intervals over rounds. Takes one figure a round; gives an estimate with bounds at a stated level.
 * A ratio is taken within each round and on a log scale, so that what drifts from round to round cancels out.
 */
import { mean, sampleStandardDeviation } from 'simple-statistics'
import { ClaimcheckError } from '../core/errors.ts'
import { tQuantile } from './student-t.ts'

export interface Interval {
  readonly estimate: number
  readonly low: number
  readonly high: number
  /** Two-sided: 0.95 says that 95 % of such intervals hold the true value. */
  readonly level: number
  readonly rounds: number
}

/** The t interval of a mean. Throws EXPECTATION_INVALID for fewer than two values. */
export function meanInterval(values: readonly number[], level: number): Interval {
  if (values.length < 2 || values.some((value) => !Number.isFinite(value))) {
    throw new ClaimcheckError('EXPECTATION_INVALID', {
      subject: 'an interval',
      problem: 'cannot be made',
      expected: 'at least two finite values, one a round',
      found: `[${values.join(', ')}]`,
      hint: 'Set CLAIMCHECK_ROUNDS to 2 or more.',
    })
  }
  const estimate = mean([...values])
  const error = sampleStandardDeviation([...values]) / Math.sqrt(values.length)
  const reach = tQuantile(1 - (1 - level) / 2, values.length - 1) * error
  return { estimate, low: estimate - reach, high: estimate + reach, level, rounds: values.length }
}

/** The interval of the geometric mean of paired ratios: `pairs[i]` is numerator and denominator of round i, both above 0. */
export function ratioInterval(pairs: readonly (readonly [number, number])[], level: number): Interval {
  const logs = meanInterval(
    pairs.map(([a, b]) => Math.log(a / b)),
    level,
  )
  return { ...logs, estimate: Math.exp(logs.estimate), low: Math.exp(logs.low), high: Math.exp(logs.high) }
}
