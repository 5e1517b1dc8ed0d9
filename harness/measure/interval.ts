/**
 * Confidence intervals over rounds, from one figure per round. Rounds are the replicates, since iterations of a round share
 * connection, placement and cache state. The methods were chosen by measured coverage, see docs/statistics.md.
 */
import { mean, median, medianAbsoluteDeviation, sampleStandardDeviation } from 'simple-statistics'
import { ClaimcheckError } from '../core/errors.ts'
import { fraction, type Fraction } from '../core/units.ts'
import { normalQuantile, tQuantile } from './student-t.ts'

export interface Interval {
  readonly estimate: number
  readonly low: number
  readonly high: number
  /** The two-sided confidence level: at 0.95, 95 % of such intervals contain the true value. */
  readonly level: number
  readonly rounds: number
}

/** The standard deviation from round to round on a healthy node, as a share of the figure. */
export const ROUND_NOISE: Fraction = fraction(0.01)
/** Widens the minimum width, to allow for autocorrelation between adjacent rounds. */
const AUTOCORRELATION = 1.25

/**
 * The minimum half-width of an interval, as a share of the figure, since a few rounds may agree by chance. With it, an
 * interval keeps its confidence level for noise of any distribution up to the standard deviation `noise`.
 */
export const floorOf = (rounds: number, level: number, noise: Fraction): number =>
  (AUTOCORRELATION * normalQuantile(upper(level)) * noise) / Math.sqrt(rounds)

/** The t interval of a mean. Throws EXPECTATION_INVALID for fewer than two values. */
export function meanInterval(values: readonly number[], level: number): Interval {
  requireRounds(values)
  const estimate = mean([...values])
  const error = sampleStandardDeviation([...values]) / Math.sqrt(values.length)
  return around(estimate, tQuantile(upper(level), values.length - 1) * error, values, level)
}

/** The t interval of the mean of positive figures, with the minimum width for `noise`. */
export const absoluteInterval = (
  values: readonly number[],
  level: number,
  noise: Fraction = ROUND_NOISE,
): Interval => floored(meanInterval(values, level), noise)

/** The t interval of the geometric mean of positive figures, with the minimum width for `noise`. */
export const geometricInterval = (
  values: readonly number[],
  level: number,
  noise: Fraction = ROUND_NOISE,
): Interval => floored(exponential(meanInterval(values.map(Math.log), level)), noise)

/**
 * The interval of the geometric mean of paired ratios: `pairs[i]` is numerator and denominator of round i, both positive.
 * Ratios are taken within each round, so that drift from round to round cancels out.
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
 * The interval of the median of positive figures, from the median absolute deviation of their logarithms, with the minimum
 * width for `noise`. A single outlying round does not widen it. With three rounds it is wide.
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
    subject: 'a confidence interval',
    problem: 'cannot be computed',
    expected: 'at least two finite values, one per round',
    found: `[${values.join(', ')}]`,
    hint: 'Set CLAIMCHECK_ROUNDS to 2 or more.',
  })
}
