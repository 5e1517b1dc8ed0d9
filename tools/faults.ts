/**
 * `npm run faults` and `npm run certify`: simulates acceptances of racks with and without each declared fault in the model
 * runtime and writes docs/data/faults.json, docs/faults.md and docs/certification.md. With `--gate` it writes nothing and
 * exits with 1 when a goal is missed; with `--json` it prints the outcome of every seed. The same sources give the same figures.
 * With `--harness` it disturbs real runs of the harness instead and writes docs/data/harness-faults.json and
 * docs/harness-faults.md; `--only` measures the rows that match again and keeps the others.
 */
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { Worker } from 'node:worker_threads'
import { Command, InvalidArgumentError } from 'commander'
import { loadFaultCatalogue } from '../harness/rack/fault-catalogue.ts'
import { goalsOf } from './faults/goals.ts'
import { HARNESS_FAULTS } from './faults/harness/cases.ts'
import { titleOf } from './faults/harness/harness-fault.ts'
import { runHarnessFaults } from './faults/harness/main.ts'
import { harnessFaultsPage } from './faults/harness/page.ts'
import { mergedRecord } from './faults/harness/record.ts'
import type { FaultOutcome, MeasureJob } from './faults/measure.ts'
import { certificationPage, faultsPage, formatSummary } from './faults/pages.ts'
import { FIRST_ROUNDS, HEALTHY, RACK, tallyOf } from './faults/tally.ts'

const DOCS = resolve(import.meta.dirname, '../docs')
/** The share of `--acceptances` that have no fault. */
const HEALTHY_SHARE = 0.5
/** Acceptances per message to a thread, few enough that all threads end at about the same time. */
const BATCH = 25

const { seeds, acceptances, gate, json, catalogue, harness, only } = new Command('faults')
  .description('Measures how often each fault is caught, and how often a healthy rack is rejected.')
  .option('--seeds <n>', 'acceptances of each fault, and of the healthy rack', wholeNumber, 50)
  .option(
    '--acceptances <n>',
    'acceptances in all, half of them of the healthy rack; replaces --seeds',
    wholeNumber,
  )
  .option('--gate', 'check the goals and write nothing')
  .option('--json', 'print the outcome of every seed and write nothing')
  .option('--catalogue <folder>', 'the declared faults', resolve(import.meta.dirname, '../fixtures/faults'))
  .option(
    '--harness',
    'disturb real runs of the harness instead, by signals, missing resources and a failing API',
  )
  .option('--only <pattern>', 'with --harness: measure only the rows whose title matches again')
  .parse()
  .opts<{
    seeds: number
    acceptances?: number
    gate?: boolean
    json?: boolean
    catalogue: string
    harness?: boolean
    only?: string
  }>()

if (harness === true) process.exit(await measureHarness())

const started = performance.now()
const faults = loadFaultCatalogue(catalogue)
const healthySeeds = acceptances === undefined ? seeds : Math.round(acceptances * HEALTHY_SHARE)
const faultSeeds =
  acceptances === undefined ? seeds : Math.max(1, Math.round((acceptances - healthySeeds) / faults.length))
const outcomes = await measureAll([
  ...batches({ name: HEALTHY, faults: [] }, healthySeeds),
  ...faults.flatMap((fault) => batches(fault, faultSeeds)),
])

if (json === true) {
  const [healthy, ...faulty] = outcomes.values()
  process.stdout.write(`${JSON.stringify({ healthy, outcomes: faulty })}\n`)
} else report()

/** Returns the exit code: 1 when a row does not hold. */
async function measureHarness(): Promise<number> {
  const rows = HARNESS_FAULTS.filter((row) => only === undefined || new RegExp(only).test(titleOf(row)))
  const ends = await runHarnessFaults(rows)
  const path = resolve(DOCS, 'data/harness-faults.json')
  const record = mergedRecord(path, HARNESS_FAULTS, ends)
  writeFileSync(path, `${JSON.stringify(record, null, 1)}\n`)
  writeFileSync(resolve(DOCS, 'harness-faults.md'), harnessFaultsPage(record, HARNESS_FAULTS))
  return ends.every(({ wrong }) => wrong === undefined) ? 0 : 1
}

function report(): void {
  const tallies = [...outcomes.values()].map(tallyOf)
  const goals = goalsOf(tallies)
  const elapsed = ((performance.now() - started) / 1000).toFixed(0)
  process.stdout.write(
    `${formatSummary(tallies)}\n${healthySeeds + faults.length * faultSeeds} acceptances in ${elapsed} s on ${availableParallelism()} threads\n`,
  )
  for (const { goal, measured, met } of goals)
    process.stdout.write(`${met ? '✓' : '✗'} ${goal}: ${measured}\n`)
  if (gate === true) {
    process.exitCode = goals.every(({ met }) => met) ? 0 : 1
    return
  }
  const data = { rack: RACK, runtime: 'model', firstRounds: FIRST_ROUNDS, tallies }
  writeFileSync(resolve(DOCS, 'data/faults.json'), `${JSON.stringify(data, null, 1)}\n`)
  writeFileSync(resolve(DOCS, 'faults.md'), faultsPage(faults, tallies))
  writeFileSync(resolve(DOCS, 'certification.md'), certificationPage(tallies, goals))
}

function batches({ name, faults: own }: Omit<MeasureJob, 'seeds'>, count: number): MeasureJob[] {
  return Array.from({ length: Math.ceil(count / BATCH) }, (_, batch) => ({
    name,
    faults: own,
    seeds: Array.from(
      { length: Math.min(BATCH, count - batch * BATCH) },
      (_unused, i) => batch * BATCH + i + 1,
    ),
  }))
}

/** Runs all jobs on as many threads as there are cores and returns their outcomes by name, in the order of the jobs. */
async function measureAll(jobs: readonly MeasureJob[]): Promise<ReadonlyMap<string, FaultOutcome>> {
  const waiting = [...jobs.entries()]
  const done: FaultOutcome[] = []
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL('./faults/worker.ts', import.meta.url))
    try {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const [index, job] = next
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
        worker.postMessage(job)
        const [outcome] = (await once(worker, 'message')) as [FaultOutcome]
        done[index] = outcome
      }
    } finally {
      await worker.terminate()
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, work))
  return new Map(
    [...Map.groupBy(done, ({ name }) => name)].map(([name, parts]) => [
      name,
      { name, seeds: parts.flatMap((part) => part.seeds) },
    ]),
  )
}

function wholeNumber(text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= 1) return number
  throw new InvalidArgumentError('Expected a whole number of at least 1.')
}
