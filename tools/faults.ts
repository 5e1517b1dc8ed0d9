/**
 * `npm run faults` simulates acceptances of a rack of two nodes with and without each declared fault in the model runtime and
 * writes docs/faults.md and docs/data/faults.json. `npm run certify` (`--acceptances`) adds racks of 2 to 16 nodes with a fault
 * anywhere and acceptances against baselines, and also writes docs/certification.md and docs/data/certification.json. With
 * `--gate` it writes nothing and exits with 1 when a goal is missed; with `--json` it prints the outcome of every seed. The same
 * sources give the same figures.
 * With `--harness` it disturbs real runs of the harness instead and writes docs/data/harness-faults.json and
 * docs/harness-faults.md; `--only` measures the rows that match again and keeps the others.
 */
import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { loadFaultCatalogue } from '../harness/rack/fault-catalogue.ts'
import { goalsOf } from './faults/goals.ts'
import { HARNESS_FAULTS } from './faults/harness/cases.ts'
import { titleOf } from './faults/harness/harness-fault.ts'
import { runHarnessFaults } from './faults/harness/main.ts'
import { harnessFaultsPage } from './faults/harness/page.ts'
import { mergedRecord } from './faults/harness/record.ts'
import { jobsOfCatalogue, jobsOfCertification } from './faults/jobs.ts'
import { certificationPage, faultsPage, formatSummary } from './faults/pages.ts'
import { runJobs, type JobOutcomes } from './faults/run-jobs.ts'
import { acceptancesOf, FIRST_ROUNDS, measuredOf, RACK, summed } from './faults/tally.ts'

const DOCS = resolve(import.meta.dirname, '../docs')

const { seeds, acceptances, gate, json, catalogue, harness, only } = new Command('faults')
  .description('Measures how often each fault is caught, and how often a healthy rack is rejected.')
  .option('--seeds <n>', 'acceptances of each fault, and of the healthy rack', wholeNumber, 50)
  .option(
    '--acceptances <n>',
    'acceptances in all, with larger racks and baselines; replaces --seeds',
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
const run = await runJobs(
  acceptances === undefined ? jobsOfCatalogue(faults, seeds) : jobsOfCertification(faults, acceptances),
)

if (json === true) {
  const [healthy, ...faulty] = run.outcomes
  process.stdout.write(`${JSON.stringify({ healthy, outcomes: faulty })}\n`)
} else report(run)

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

function report({ outcomes, baselines }: JobOutcomes): void {
  const measured = measuredOf(outcomes, baselines)
  const goals = goalsOf(measured, faults)
  const { tallies, racks, againstBaselines } = measured
  const count = acceptancesOf(summed([...tallies, ...racks, ...againstBaselines]))
  const elapsed = ((performance.now() - started) / 1000).toFixed(0)
  process.stdout.write(
    `${formatSummary(measured)}\n${count} acceptances in ${elapsed} s on ${availableParallelism()} threads\n`,
  )
  for (const { goal, measured: found, met } of goals)
    process.stdout.write(`${met ? '✓' : '✗'} ${goal}: ${found}\n`)
  if (gate === true) {
    process.exitCode = goals.every(({ met }) => met) ? 0 : 1
    return
  }
  const method = { rack: RACK, runtime: 'model', firstRounds: FIRST_ROUNDS }
  writeJson('data/faults.json', { ...method, tallies })
  writeFileSync(resolve(DOCS, 'faults.md'), faultsPage(faults, tallies))
  if (acceptances === undefined) return
  const { tallies: _, ...certified } = measured
  writeJson('data/certification.json', { ...method, ...certified })
  writeFileSync(resolve(DOCS, 'certification.md'), certificationPage(measured, goals))
}

function writeJson(name: string, data: object): void {
  writeFileSync(resolve(DOCS, name), `${JSON.stringify(data, null, 1)}\n`)
}

function wholeNumber(text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= 1) return number
  throw new InvalidArgumentError('Expected a whole number of at least 1.')
}
