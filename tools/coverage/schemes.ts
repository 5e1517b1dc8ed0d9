/**
 * Simulates schemes of sequential looks, each a list of rounds and of the error spent at each look. For each noise it
 * measures how often an interval misses the true value, and how often and after how many rounds a decision is reached.
 * All schemes use the t interval of log ratios without a floor.
 */
import { fraction } from '../../harness/core/units.ts'
import { ratioInterval } from '../../harness/measure/interval.ts'
import { tQuantile } from '../../harness/measure/student-t.ts'
import { seededRandom } from '../../harness/rack/seeded-random.ts'
import { NOISES, type NoiseName } from './noise.ts'
import { simulateRun, TRUE_RATIO } from './simulated-run.ts'

export interface Scheme {
  readonly name: string
  readonly looks: readonly { readonly rounds: number; readonly error: number }[]
}

const equal = (rounds: readonly number[], error: number): Scheme['looks'] =>
  rounds.map((count) => ({ rounds: count, error: error / rounds.length }))

/** The error at each look with which exactly 5 % of runs miss under normal noise, as in alpha spending. */
function exhausting(rounds: readonly number[], shares: readonly number[]): Scheme['looks'] {
  const draw = seededRandom(1, 'alpha spending')
  const runs = Array.from({ length: 20_000 }, () => {
    const values = Array.from({ length: Math.max(...rounds) }, () => draw.normal())
    return rounds.map((count) => studentised(values.slice(0, count)))
  })
  const looksAt = (total: number) =>
    rounds.map((count, i) => ({ rounds: count, error: total * (shares[i] ?? 0) }))
  let [low, high] = [0.05, 0.1]
  for (let step = 0; step < 12; step++) {
    const total = (low + high) / 2
    const critical = looksAt(total).map((look) => tQuantile(1 - look.error / 2, look.rounds - 1))
    const missed = runs.filter((ts) => ts.some((t, i) => Math.abs(t) > (critical[i] ?? 0))).length
    if (missed / runs.length < 0.05) low = total
    else high = total
  }
  return looksAt(low)
}

function studentised(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return mean / Math.sqrt(squares / (values.length - 1) / values.length)
}

export const schemes = (): readonly Scheme[] => [
  { name: '3, 5, 8 rounds, 1.5 % each (chosen)', looks: equal([3, 5, 8], 0.045) },
  { name: '3, 5, 8 rounds, 5 % in equal parts', looks: equal([3, 5, 8], 0.05) },
  {
    name: 'every round from 3 to 8, 3 % first',
    looks: [3, 4, 5, 6, 7, 8].map((rounds) => ({ rounds, error: rounds === 3 ? 0.03 : 0.004 })),
  },
  { name: '3, 5, 8, alpha spending in equal parts', looks: exhausting([3, 5, 8], [1 / 3, 1 / 3, 1 / 3]) },
  { name: '3, 5, 8, alpha spending, late (1 : 3 : 6)', looks: exhausting([3, 5, 8], [0.1, 0.3, 0.6]) },
  { name: '3 and 8 rounds, 2.5 % each', looks: equal([3, 8], 0.05) },
]

export interface SchemeResult {
  readonly scheme: string
  readonly misses: number
  /** One entry per distance of the true value from the limit, in standard deviations of the ratio. */
  readonly decisions: readonly { readonly undecided: number; readonly rounds: number }[]
}

export const DISTANCES = [1.5, 2, 3, 4] as const
const SCATTER = Math.SQRT2 * 0.01

/** Counts as shares of `runs`; `rounds` is the mean number of rounds until the decision. */
export function simulateScheme({ name, looks }: Scheme, noise: NoiseName, runs: number): SchemeResult {
  const draw = seededRandom(11, `scheme ${noise}`)
  let misses = 0
  const tally = DISTANCES.map(() => ({ undecided: 0, rounds: 0 }))
  for (let run = 0; run < runs; run++) {
    const { pairs } = simulateRun(NOISES[noise], draw)
    const intervals = looks.map(({ rounds, error }) =>
      ratioInterval(pairs.slice(0, rounds), 1 - error, fraction(0)),
    )
    if (intervals.some(({ low, high }) => TRUE_RATIO < low || TRUE_RATIO > high)) misses++
    DISTANCES.forEach((distance, i) => {
      const limit = TRUE_RATIO / Math.exp(distance * SCATTER)
      const decided = intervals.find(({ low, high }) => limit < low || limit > high)
      const own = tally[i]
      if (own === undefined) return
      own.rounds += (decided?.rounds ?? intervals.at(-1)?.rounds ?? 0) / runs
      if (decided === undefined) own.undecided += 1 / runs
    })
  }
  return { scheme: name, misses: misses / runs, decisions: tally }
}
