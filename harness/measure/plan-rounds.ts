/**
 * Power analysis before a run: the smallest difference that each look can detect, and how long the rounds take. Computed from
 * the SKU's reference without measuring anything.
 */
import { bytes, seconds, timeFor, type Bytes, type Fraction, type GBps, type Seconds } from '../core/units.ts'
import { ClaimcheckError } from '../core/errors.ts'
import { floorOf, ROUND_NOISE } from './interval.ts'
import { levelOf, looksFor } from './sequential-looks.ts'
import { logGamma, normalCdf, tQuantile } from './student-t.ts'

export interface PlanRequest {
  /** The size over all GPUs of a pod, and the bandwidth that the SKU states. */
  readonly arms: readonly { readonly size: Bytes; readonly bandwidth: GBps }[]
  readonly firstRounds: number
  readonly iters: number
  readonly warmupIters: number
  /** The standard deviation of one arm from round to round, as a share of its figure. */
  readonly noise?: Fraction
  /** The probability with which a difference must be detected, such as 0.8 or 0.9. */
  readonly power?: number
  /** The duration of an arm besides its transfer: claims, pods, connection, release. */
  readonly overhead: Seconds
}

export interface PlannedLook {
  readonly rounds: number
  /** The confidence level of the interval at this look. */
  readonly level: number
  /**
   * A true ratio that differs from the limit by this factor is decided at this look or before with at least the requested
   * power: 1.05 means 5 %.
   */
  readonly detectableRatio: number
  /** From the start of the run. */
  readonly duration: Seconds
}

/** Throws EXPECTATION_INVALID for fewer than two rounds, a power outside 0.5 to 1, or noise that is not positive. */
export function planRounds(request: PlanRequest): readonly PlannedLook[] {
  const { firstRounds, noise = ROUND_NOISE, power = 0.9, overhead } = request
  requirePower(power, noise)
  const looks = looksFor(firstRounds)
  const level = levelOf(looks)
  const transfers = request.iters + request.warmupIters + 1
  const transfer = request.arms.reduce(
    (sum, { size, bandwidth }) => sum + timeFor(bytes(size * transfers), bandwidth),
    0,
  )
  return looks.at.map((rounds) => ({
    rounds,
    level,
    detectableRatio: Math.exp(detectableDistance(rounds, level, power, Math.SQRT2 * noise)),
    duration: seconds(rounds * (transfer + request.arms.length * overhead)),
  }))
}

/**
 * The power: the probability that the interval of `rounds` values with standard deviation `scatter` excludes a limit at
 * `distance` from the true value, both as shares. This is the upper tail of noncentral t, limited by the minimum width.
 */
export function powerAt(
  rounds: number,
  level: number,
  distance: number,
  scatter: number,
  floor = floorOf(rounds, level, ROUND_NOISE),
): number {
  const df = rounds - 1
  const critical = tQuantile(1 - (1 - level) / 2, df)
  const [shift, least] = [distance, floor].map((share) => (share / scatter) * Math.sqrt(rounds)) as [
    number,
    number,
  ]
  const logScale = Math.log(2) + (df / 2) * Math.log(df / 2) - logGamma(df / 2)
  // Simpson's rule over w, the sample's standard deviation in units of the true one.
  const [end, steps] = [1 + 8 / Math.sqrt(df), 2000]
  let sum = 0
  for (let i = 0; i <= steps; i++) {
    const w = (end * i) / steps
    const density = Math.exp(logScale + (df === 1 ? 0 : (df - 1) * Math.log(w)) - (df * w * w) / 2)
    const weight = i === 0 || i === steps ? 1 : i % 2 === 1 ? 4 : 2
    sum += weight * density * normalCdf(shift - Math.max(critical * w, least))
  }
  return (sum * end) / steps / 3
}

/** The distance that is detected with probability `power`, by bisection. */
function detectableDistance(rounds: number, level: number, power: number, scatter: number): number {
  let [low, high] = [0, scatter]
  while (powerAt(rounds, level, high, scatter) < power) high *= 2
  while (high - low > 1e-6 * high) {
    const middle = (low + high) / 2
    if (powerAt(rounds, level, middle, scatter) < power) low = middle
    else high = middle
  }
  return high
}

function requirePower(power: number, noise: number): void {
  if (power >= 0.5 && power < 1 && noise > 0 && noise < 1) return
  throw new ClaimcheckError('EXPECTATION_INVALID', {
    subject: 'the plan of a comparison',
    problem: 'cannot be computed',
    expected: 'a power from 0.5 to below 1 and a noise between 0 and 1',
    found: `power ${power}, noise ${noise}`,
  })
}
