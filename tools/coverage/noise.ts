/**
 * Kinds of noise that rounds and iterations may have. Takes seeded random numbers; gives series of errors in the order
 * of time, with mean 0 and standard deviation 1, so that the truth of a simulated measurement is known.
 */
import type { RandomSource } from '../../harness/rack/seeded-random.ts'

/** `count` errors, one after the other in time. */
export type Noise = (draw: RandomSource, count: number) => number[]

const independent =
  (one: (draw: RandomSource) => number): Noise =>
  (draw, count) =>
    Array.from({ length: count }, () => one(draw))

/** First-order autoregression in its stationary state; `phi` is the correlation of neighbours. */
const autoregressive =
  (phi: number): Noise =>
  (draw, count) => {
    let state = draw.normal()
    return Array.from({ length: count }, () => {
      const now = state
      state = phi * state + Math.sqrt(1 - phi * phi) * draw.normal()
      return now
    })
  }

const scaled =
  (noise: Noise, deviation: number): Noise =>
  (draw, count) =>
    noise(draw, count).map((error) => error / deviation)

/** Lognormal of this shape, less its mean: interference only ever slows down. Skewness 2.9 at 0.7. */
const lognormal = (shape: number): Noise =>
  independent((draw) => Math.exp(shape * draw.normal()) - Math.exp((shape * shape) / 2))

/** Student's t with 3 degrees of freedom: no fourth moment, so that outliers are part of it. */
const studentT3 = independent(
  (draw) => draw.normal() / Math.sqrt((draw.normal() ** 2 + draw.normal() ** 2 + draw.normal() ** 2) / 3),
)

/** One in ten is disturbed five times as much. */
const contaminated = independent((draw) => draw.normal() * (draw.uniform() < 0.1 ? 5 : 1))

/** Two rates, the slow one with this share, 6 standard deviations apart. */
const twoModed = (slow: number): Noise =>
  independent((draw) => 0.3 * draw.normal() + (draw.uniform() < slow ? 2 * (1 - slow) : -2 * slow))

/** Each has a standard deviation of about 1, so that the noise which an interval is told is the noise there is. */
export const NOISES = {
  normal: independent((draw) => draw.normal()),
  skewed: scaled(lognormal(0.7), 1.01),
  'heavy-tailed': scaled(studentT3, Math.sqrt(3)),
  contaminated: scaled(contaminated, Math.sqrt(3.4)),
  autocorrelated: autoregressive(0.6),
  'two-moded 1:1': scaled(twoModed(0.5), Math.sqrt(1.09)),
  'two-moded 1:4': scaled(twoModed(0.2), Math.sqrt(0.73)),
} satisfies Record<string, Noise>

export type NoiseName = keyof typeof NOISES
export const NOISE_NAMES = Object.keys(NOISES) as NoiseName[]
