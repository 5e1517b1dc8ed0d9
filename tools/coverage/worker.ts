/** A worker thread of `tools/coverage.ts`: simulates the kind of noise in each message and answers with its counts. */
import { parentPort } from 'node:worker_threads'
import type { NoiseName } from './noise.ts'
import { ESTIMANDS } from './estimands.ts'
import { schemes, simulateScheme, type SchemeResult } from './schemes.ts'
import { simulate, type Tally } from './simulate.ts'
import { falseAlarms } from './trends.ts'

export interface Answer {
  readonly noise: NoiseName
  readonly tallies: readonly Tally[]
  readonly schemes: readonly SchemeResult[]
  readonly falseAlarms: Readonly<Record<string, number>>
}

export const RUNS = { intervals: 2000, schemes: 20_000, trends: 1000 } as const
const SEED = 5

parentPort?.on('message', (noise: NoiseName) => {
  const answer: Answer = {
    noise,
    tallies: simulate(ESTIMANDS, noise, { runs: RUNS.intervals, seed: SEED }),
    schemes: schemes().map((scheme) => simulateScheme(scheme, noise, RUNS.schemes)),
    falseAlarms: falseAlarms(noise, RUNS.trends),
  }
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(answer)
})
