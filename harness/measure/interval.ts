/**
 * Intervals over rounds. Takes one figure a round; gives an estimate with bounds at a stated level.
 * Rounds are the replicates: what is alike within a round (one connection, one placement, one state of the caches)
 * counts once. Chosen by measured coverage, see docs/statistics.md.
 */
import { mean, median, medianAbsoluteDeviation, sampleStandardDeviation } from 'simple-statistics'
import { ClaimcheckError } from '../core/errors.ts'
import { fraction, type Fraction } from '../core/units.ts'
import { normalQuantile, tQuantile } from './student-t.ts'

export interface Interval {
  readonly estimate: number
  readonly low: number
  readonly high: number
  /** Two-sided: 0.95 says that 95 % of such intervals hold the true value. */
  readonly level: number
  readonly rounds: number
}

/** How much the rounds of a sound node may scatter, as a share of the figure: one standard deviation. */
export const ROUND_NOISE: Fraction = fraction(0.01)
/** Widens the floor, since rounds that are neighbours in time are alike. */
const ALIKE = 1.25

/**
 * Half the width, as a share of the figure, below which no interval over rounds goes: a few rounds may agree by chance.
 * With it an interval holds its level for noise of any shape up to `noise`.
 */
export const floorOf = (rounds: number, level: number, noise: Fraction): number =>
  (ALIKE * normalQuantile(upper(level)) * noise) / Math.sqrt(rounds)

/** The t interval of a mean. Throws EXPECTATION_INVALID for fewer than two values. */
export function meanInterval(values: readonly number[], level: number): Interval {
  requireRounds(values)
  const estimate = mean([...values])
  const error = sampleStandardDeviation([...values]) / Math.sqrt(values.length)
  return around(estimate, tQuantile(upper(level), values.length - 1) * error, values, level)
}

/** The t interval of one arm's figure, above 0, with the floor of `noise`. */
export const absoluteInterval = (
  values: readonly number[],
  level: number,
  noise: Fraction = ROUND_NOISE,
): Interval => floored(meanInterval(values, level), noise)

/** The t interval of the geometric mean of figures above 0, with the floor of `noise`. */
export const geometricInterval = (
  values: readonly number[],
  level: number,
  noise: Fraction = ROUND_NOISE,
): Interval => floored(exponential(meanInterval(values.map(Math.log), level)), noise)

/**
 * The interval of the geometric mean of paired ratios: `pairs[i]` is numerator and denominator of round i, both above 0.
 * A ratio is taken within each round, so that what drifts from round to round cancels out.
 */
export const ratioInterval = (
  pairs: readonly (readonly [number, number])[],
  level: number,
  noise: Fraction = ROUND_NOISE,
): Interval =>
  geometricInterval(
    pairs.map(([a, b]) => a / b),
    level,
    noise,
  )

/**
 * The interval of the median of figures above 0, by the median absolute deviation of their logarithms, with the floor
 * of `noise`: one disturbed round is outvoted and does not widen it. Three rounds give a wide one.
 */
export function medianInterval(
  values: readonly number[],
  level: number,
  noise: Fraction = ROUND_NOISE,
): Interval {
  const logs = values.map(Math.log)
  requireRounds(logs)
  const n = logs.length
  // The studentised median of n normal values is close to t with n/2 degrees of freedom times this (simulated, n 2 to 25);
  // 1.858 is 1.2533, the median's error, over 0.6745, the deviation's share of sigma.
  const scale = (1.858 / Math.sqrt(n)) * (1 + (n % 2 === 0 ? 0.85 : 1.25) / n)
  const reach = scale * tQuantile(upper(level), Math.floor(n / 2)) * medianAbsoluteDeviation(logs)
  return floored(exponential(around(median(logs), reach, values, level)), noise)
}

function floored(interval: Interval, noise: Fraction): Interval {
  const { estimate, low, high, level, rounds } = interval
  const factor = Math.exp(floorOf(rounds, level, noise))
  return { ...interval, low: Math.min(low, estimate / factor), high: Math.max(high, estimate * factor) }
}

const upper = (level: number): number => 1 - (1 - level) / 2

const around = (estimate: number, reach: number, values: readonly number[], level: number): Interval => ({
  estimate,
  low: estimate - reach,
  high: estimate + reach,
  level,
  rounds: values.length,
})

const exponential = ({ estimate, low, high, ...rest }: Interval): Interval => ({
  ...rest,
  estimate: Math.exp(estimate),
  low: Math.exp(low),
  high: Math.exp(high),
})

function requireRounds(values: readonly number[]): void {
  if (values.length >= 2 && values.every((value) => Number.isFinite(value))) return
  throw new ClaimcheckError('EXPECTATION_INVALID', {
    subject: 'an interval',
    problem: 'cannot be made',
    expected: 'at least two finite values, one a round',
    found: `[${values.join(', ')}]`,
    hint: 'Set CLAIMCHECK_ROUNDS to 2 or more.',
  })
}
