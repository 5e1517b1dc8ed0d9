/**
 * Counts how often intervals miss the true value in simulated runs. Each run is evaluated as an expectation would be, at
 * 3, 5 and 8 rounds; a run is a miss when the interval at any of these looks misses the true value.
 */
import { levelOf, looksFor } from '../../harness/measure/sequential-looks.ts'
import { seededRandom } from '../../harness/rack/seeded-random.ts'
import { NOISES, type NoiseName } from './noise.ts'
import type { Method, Estimand } from './estimands.ts'
import { simulateRun, type SimulatedRun } from './simulated-run.ts'

export interface Tally {
  readonly estimand: string
  readonly method: string
  readonly noise: NoiseName
  readonly runs: number
  /** Runs in which at least one look missed the true value. */
  readonly misses: number
  /** Half the interval's width at each look as a share of the true value, typical over the runs; Infinity where unbounded. */
  readonly reach: readonly number[]
}

const looks = looksFor(3)
const level = levelOf(looks)

/** Evaluates all methods of all estimands on the same simulated runs; with `own`, only the harness's own methods. */
export function simulate(
  estimands: readonly Estimand[],
  noise: NoiseName,
  { runs, seed, own = false }: { runs: number; seed: number; own?: boolean },
): Tally[] {
  const draw = seededRandom(seed, noise)
  const simulated = Array.from({ length: runs }, () => simulateRun(NOISES[noise], draw))
  return estimands.flatMap((estimand) => {
    const truth = estimand.truth(NOISES[noise], seededRandom(seed, `truth ${noise}`))
    const methods = own ? estimand.methods.slice(0, 1) : estimand.methods
    return methods.map((method) => ({
      estimand: estimand.name,
      method: method.name,
      noise,
      runs,
      ...countMisses(method, simulated, truth),
    }))
  })
}

function countMisses(
  method: Method,
  simulated: readonly SimulatedRun[],
  truth: number,
): Pick<Tally, 'misses' | 'reach'> {
  const widths: number[][] = looks.at.map(() => [])
  let misses = 0
  for (const run of simulated) {
    const intervals = looks.at.map((rounds) => method.interval(run, rounds, level))
    intervals.forEach(({ low, high }, look) => widths[look]?.push((high - low) / 2 / truth))
    if (intervals.some(({ low, high }) => truth < low || truth > high)) misses++
  }
  const typical = (own: readonly number[]): number =>
    own.toSorted((a, b) => a - b)[Math.floor(own.length / 2)] ?? Number.NaN
  return { misses, reach: widths.map(typical) }
}
