/** A worker thread of `tools/faults.ts`: measures the job in each message and answers with its outcome. */
import { globSync } from 'node:fs'
import { resolve } from 'node:path'
import { parentPort } from 'node:worker_threads'
import { loadRack } from '../../harness/rack/rack.ts'
import { loadSuites } from '../../harness/simulate/load-suites.ts'
import { measureFault, type MeasureJob } from './measure.ts'
import { FIRST_ROUNDS, RACK } from './tally.ts'

const PROJECT = resolve(import.meta.dirname, '../..')

const rack = loadRack(resolve(PROJECT, RACK))
const suites = await loadSuites(
  globSync('suites/numa/*.test.ts', { cwd: PROJECT })
    .sort()
    .map((file) => resolve(PROJECT, file)),
  rack.sku,
)
const measurement = { suites, rack, firstRounds: FIRST_ROUNDS }

parentPort?.on(
  'message',
  (job: MeasureJob) =>
    void measureFault(measurement, job).then((outcome) => parentPort?.postMessage(outcome)),
)
