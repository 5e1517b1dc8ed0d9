/** One thread of the certification. Takes jobs from the main thread, one message each; answers with counts of verdicts. */
import { globSync } from 'node:fs'
import { resolve } from 'node:path'
import { parentPort } from 'node:worker_threads'
import type { Verdict } from '../../harness/expect/expectation.ts'
import type { Fault } from '../../harness/rack/fault.ts'
import { loadRack } from '../../harness/rack/rack.ts'
import { simulateAcceptance } from '../../harness/simulate/simulate-acceptance.ts'
import { loadSuites } from '../../harness/simulate/load-suites.ts'

const PROJECT = resolve(import.meta.dirname, '../..')
const FIRST_ROUNDS = 3

/** Acceptances of racks that are alike but for the seed. */
export interface Job {
  readonly truth: string
  readonly faults: readonly Fault[]
  readonly seeds: readonly number[]
}

export interface Counts {
  readonly truth: string
  readonly verdicts: Readonly<Record<Verdict, number>>
  /** Rounds over all acceptances, for what a run costs. */
  readonly rounds: number
  /** By test: how often it did not pass. */
  readonly caughtBy: Readonly<Record<string, number>>
}

const suites = await loadSuites(
  globSync('suites/numa/*.test.ts', { cwd: PROJECT })
    .sort()
    .map((file) => resolve(PROJECT, file)),
)
const rack = loadRack(resolve(PROJECT, 'fixtures/racks/h100-2node.yaml'))

parentPort?.on('message', (job: Job) => void certify(job).then((counts) => parentPort?.postMessage(counts)))

async function certify({ truth, faults, seeds }: Job): Promise<Counts> {
  const verdicts: Record<Verdict, number> = { passed: 0, failed: 0, inconclusive: 0 }
  const caughtBy: Record<string, number> = {}
  let rounds = 0
  for (const seed of seeds) {
    const acceptance = await simulateAcceptance(suites, { ...rack, faults, seed }, FIRST_ROUNDS)
    verdicts[acceptance.verdict]++
    rounds += acceptance.rounds
    for (const { name, verdict } of acceptance.tests)
      if (verdict !== 'passed') caughtBy[name] = (caughtBy[name] ?? 0) + 1
  }
  return { truth, verdicts, rounds, caughtBy }
}
