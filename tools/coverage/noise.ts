/**
 * The kinds of noise that simulated rounds and iterations have. Each draws a time series of errors with mean 0 and
 * standard deviation 1, so that the true value of a simulated measurement is known.
 */
import type { RandomSource } from '../../harness/rack/seeded-random.ts'

/** Draws `count` consecutive errors. */
export type Noise = (draw: RandomSource, count: number) => number[]

const independent =
  (one: (draw: RandomSource) => number): Noise =>
  (draw, count) =>
    Array.from({ length: count }, () => one(draw))

/** A stationary first-order autoregression; `phi` is the correlation of adjacent errors. */
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

/** Lognormal of this shape minus its mean, since interference only ever slows a transfer. Skewness 2.9 at 0.7. */
const lognormal = (shape: number): Noise =>
  independent((draw) => Math.exp(shape * draw.normal()) - Math.exp((shape * shape) / 2))

/** Student's t with 3 degrees of freedom, which has no fourth moment and so produces outliers. */
const studentT3 = independent(
  (draw) => draw.normal() / Math.sqrt((draw.normal() ** 2 + draw.normal() ** 2 + draw.normal() ** 2) / 3),
)

/** One error in ten is five times as large. */
const contaminated = independent((draw) => draw.normal() * (draw.uniform() < 0.1 ? 5 : 1))

/** Two rates 6 standard deviations apart; `slowShare` is the share of the slow one. */
const bimodal = (slowShare: number): Noise =>
  independent(
    (draw) => 0.3 * draw.normal() + (draw.uniform() < slowShare ? 2 * (1 - slowShare) : -2 * slowShare),
  )

/** Each has a standard deviation of about 1, so that the noise assumed by an interval is the actual noise. */
export const NOISES = {
  normal: independent((draw) => draw.normal()),
  skewed: scaled(lognormal(0.7), 1.01),
  'heavy-tailed': scaled(studentT3, Math.sqrt(3)),
  contaminated: scaled(contaminated, Math.sqrt(3.4)),
  autocorrelated: autoregressive(0.6),
  'two-moded 1:1': scaled(bimodal(0.5), Math.sqrt(1.09)),
  'two-moded 1:4': scaled(bimodal(0.2), Math.sqrt(0.73)),
} satisfies Record<string, Noise>

export type NoiseName = keyof typeof NOISES
export const NOISE_NAMES = Object.keys(NOISES) as NoiseName[]
