/**
 * How often intervals miss. Takes questions, a kind of noise and a number of runs; gives counts. Each run is looked at
 * as an expectation looks at it: at 3, 5 and 8 rounds; one interval that misses the truth makes the run a miss.
 */
import { levelOf, looksFor } from '../../harness/measure/sequential-looks.ts'
import { seededRandom } from '../../harness/rack/seeded-random.ts'
import { NOISES, type NoiseName } from './noise.ts'
import type { Method, Question } from './question.ts'
import { simulateRun, type SimulatedRun } from './simulated-run.ts'

export interface Tally {
  readonly question: string
  readonly method: string
  readonly noise: NoiseName
  readonly runs: number
  /** Runs in which at least one look missed the truth. */
  readonly misses: number
  /** Half the interval's width at each look as a share of the truth, typical over the runs; Infinity where unbounded. */
  readonly reach: readonly number[]
}

const looks = looksFor(3)
const level = levelOf(looks)

/** All methods of all questions on the same simulated runs. `own` leaves out the methods that were not chosen. */
export function simulate(
  questions: readonly Question[],
  noise: NoiseName,
  { runs, seed, own = false }: { runs: number; seed: number; own?: boolean },
): Tally[] {
  const draw = seededRandom(seed, noise)
  const simulated = Array.from({ length: runs }, () => simulateRun(NOISES[noise], draw))
  return questions.flatMap((question) => {
    const truth = question.truth(NOISES[noise], seededRandom(seed, `truth ${noise}`))
    const methods = own ? question.methods.slice(0, 1) : question.methods
    return methods.map((method) => ({
      question: question.name,
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
