/** A worker thread of `tools/faults.ts`: measures the job in each message and answers with its outcomes. */
import { globSync } from 'node:fs'
import { resolve } from 'node:path'
import { parentPort } from 'node:worker_threads'
import { loadRack } from '../../harness/rack/rack.ts'
import { loadSuites } from '../../harness/simulate/load-suites.ts'
import type { Job } from './jobs.ts'
import { measureFault, type FaultOutcome } from './measure.ts'
import { measureBaseline, type BaselineOutcome } from './measure-baseline.ts'
import { FIRST_ROUNDS, RACK } from './tally.ts'

export interface JobOutcome {
  readonly outcomes: readonly FaultOutcome[]
  readonly baseline?: BaselineOutcome
}

const PROJECT = resolve(import.meta.dirname, '../..')

const rack = loadRack(resolve(PROJECT, RACK))
const suites = await loadSuites(
  globSync('suites/numa/*.test.ts', { cwd: PROJECT })
    .sort()
    .map((file) => resolve(PROJECT, file)),
  rack.sku,
)
const measurement = { suites, rack, firstRounds: FIRST_ROUNDS }

async function measure(job: Job): Promise<JobOutcome> {
  if (job.group === 'baseline') return measureBaseline(measurement, job)
  return { outcomes: [await measureFault(measurement, job)] }
}

parentPort?.on('message', (job: Job) => void measure(job).then((outcome) => parentPort?.postMessage(outcome)))
