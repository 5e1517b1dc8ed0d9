/** Simulates a run of 8 rounds whose true figures are known, as input for the intervals. */
import { ROUND_NOISE } from '../../harness/measure/interval.ts'
import type { RandomSource } from '../../harness/rack/seeded-random.ts'
import type { Noise } from './noise.ts'

/** The maximum number of rounds of a run with 3 rounds before the first look. */
const ROUNDS = 8
const ITERATIONS = 100
/** Standard deviations of one iteration, and of what all iterations of a round share. */
const ITERATION_NOISE = 0.02
const SHARED_NOISE = 0.005

export const TRUE_RATIO = 1.42
export const TRUE_FIGURE = 39.07

export interface SimulatedRun {
  /** Both arms of each round, in the order A B B A, with errors that are one time series. */
  readonly pairs: readonly (readonly [number, number])[]
  /** The same with noise in one arm only, so that pairing cannot make the distribution symmetric. */
  readonly oneSidedPairs: readonly (readonly [number, number])[]
  /** One figure per round. */
  readonly figures: readonly number[]
  /** The seconds of each iteration of each round, around 1 s. */
  readonly iterations: readonly (readonly number[])[]
}

export function simulateRun(noise: Noise, draw: RandomSource): SimulatedRun {
  const errors = noise(draw, 2 * ROUNDS).map((error) => ROUND_NOISE * error)
  const turns = Array.from({ length: ROUNDS }, (_, round) => {
    const [first, second] = [errors[2 * round] ?? 0, errors[2 * round + 1] ?? 0]
    return round % 2 === 0 ? ([first, second] as const) : ([second, first] as const)
  })
  let iterations: number[][] | undefined
  return {
    pairs: turns.map(([a, b]) => [TRUE_RATIO * Math.exp(a), Math.exp(b)]),
    oneSidedPairs: turns.map(([a]) => [TRUE_RATIO * Math.exp(a), 1]),
    figures: turns.map(([a]) => TRUE_FIGURE * (1 + a)),
    // Computed on demand, since they are most of the work.
    get iterations() {
      return (iterations ??= Array.from({ length: ROUNDS }, () => simulateRound(noise, draw)))
    },
  }
}

function simulateRound(noise: Noise, draw: RandomSource): number[] {
  const shared = Math.exp(SHARED_NOISE * draw.normal())
  return noise(draw, ITERATIONS).map((error) => shared * (1 + ITERATION_NOISE * error))
}

/** The true percentile of an iteration, estimated from a large sample. */
export function truePercentile(noise: Noise, draw: RandomSource, percentile: number): number {
  const sorted = noise(draw, 100_000).toSorted((a, b) => a - b)
  return 1 + ITERATION_NOISE * (sorted[Math.floor((percentile / 100) * sorted.length)] ?? Number.NaN)
}

/** The median of `of` over many simulated rounds. */
export function trueMedian(
  noise: Noise,
  draw: RandomSource,
  of: (samples: readonly number[]) => number,
): number {
  const rounds = Array.from({ length: 2001 }, () => of(simulateRound(noise, draw)))
  return rounds.toSorted((a, b) => a - b)[1000] ?? Number.NaN
}
