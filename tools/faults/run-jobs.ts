/** Runs jobs on as many threads as there are cores. */
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Job } from './jobs.ts'
import type { FaultOutcome } from './measure.ts'
import type { BaselineOutcome } from './measure-baseline.ts'
import type { JobOutcome } from './worker.ts'

export interface JobOutcomes {
  /** One for each group, rack size and fault, in the order of the jobs. */
  readonly outcomes: readonly FaultOutcome[]
  readonly baselines: readonly BaselineOutcome[]
}

export async function runJobs(jobs: readonly Job[]): Promise<JobOutcomes> {
  const waiting = [...jobs.entries()]
  const done: JobOutcome[] = []
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url))
    try {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const [index, job] = next
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
        worker.postMessage(job)
        const [outcome] = (await once(worker, 'message')) as [JobOutcome]
        done[index] = outcome
      }
    } finally {
      await worker.terminate()
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, work))
  return {
    outcomes: joined(done.flatMap(({ outcomes }) => outcomes)),
    baselines: done.flatMap(({ baseline }) => baseline ?? []),
  }
}

/** Those of one group, rack size and fault together. */
const joined = (outcomes: readonly FaultOutcome[]): readonly FaultOutcome[] =>
  [
    ...Map.groupBy(outcomes, ({ group, nodes, name }) => JSON.stringify([group, nodes, name])).values(),
  ].flatMap(([first, ...rest]) =>
    first === undefined ? [] : { ...first, seeds: [first, ...rest].flatMap(({ seeds }) => seeds) },
  )
