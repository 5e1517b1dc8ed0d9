/**
 * Simulates acceptances of racks whose truth is known and tells how often the suites are wrong. Takes --acceptances and
 * --gate; writes docs/certification.md, or with --gate only checks the goals and ends with 1 where one is missed.
 * Seeded: the same sources give the same table.
 */
import { writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { Command, InvalidArgumentError } from 'commander'
import { resolve } from 'node:path'
import { loadFaultCatalogue } from '../harness/rack/fault-catalogue.ts'
import type { Counts, Job } from './certify/worker.ts'
import { pageOf, summaryOf } from './certify/page.ts'
import type { Tally } from './certify/tally.ts'
import { goalsOf } from './certify/goals.ts'

const PAGE = new URL('../docs/certification.md', import.meta.url)
/** Half of all acceptances are of racks without a fault. */
const GOOD_SHARE = 0.5
/** Acceptances a message to a thread, so that both cores end together. */
const BATCH = 25

const command = new Command('certify')
  .description('Simulates acceptances and tells how often bad racks pass and good ones fail.')
  .option('--acceptances <n>', 'how many, half of them of good racks', wholeNumber, 10_000)
  .option('--gate', 'check the goals, write nothing')
  .parse()
const { acceptances, gate } = command.opts<{ acceptances: number; gate?: boolean }>()

const started = performance.now()
const jobs = jobsOf(acceptances)
const tallies = new Map<string, Tally>()
for (const counts of await runAll(jobs)) tallies.set(counts.truth, added(tallies.get(counts.truth), counts))
const seconds = (performance.now() - started) / 1000

const all = [...tallies.values()].sort((a, b) => (a.truth < b.truth ? -1 : 1))
process.stdout.write(
  `${summaryOf(all)}\n${acceptances} acceptances in ${seconds.toFixed(0)} s on ${availableParallelism()} threads\n`,
)
const goals = goalsOf(all)
for (const { goal, measured, met } of goals) process.stdout.write(`${met ? '✓' : '✗'} ${goal}: ${measured}\n`)
if (gate) process.exitCode = goals.every(({ met }) => met) ? 0 : 1
else await writeFile(PAGE, pageOf(all, goals))

function jobsOf(total: number): Job[] {
  const bad = loadFaultCatalogue(resolve(import.meta.dirname, '../fixtures/faults'))
  const good = Math.round(total * GOOD_SHARE)
  const each = Math.max(1, Math.round((total - good) / bad.length))
  const truths = [
    { truth: 'good', faults: [], count: good },
    ...bad.map(({ name, faults }) => ({ truth: name, faults, count: each })),
  ]
  return truths.flatMap(({ truth, faults, count }, index) =>
    Array.from({ length: Math.ceil(count / BATCH) }, (_, batch) => ({
      truth,
      faults,
      seeds: Array.from(
        { length: Math.min(BATCH, count - batch * BATCH) },
        (_, i) => 1 + index * 1_000_000 + batch * BATCH + i,
      ),
    })),
  )
}

async function runAll(all: readonly Job[]): Promise<Counts[]> {
  const waiting = [...all]
  const done: Counts[] = []
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL('./certify/worker.ts', import.meta.url))
    try {
      for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
        worker.postMessage(job)
        const [counts] = (await once(worker, 'message')) as [Counts]
        done.push(counts)
      }
    } finally {
      await worker.terminate()
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, work))
  return done
}

function added(tally: Tally | undefined, counts: Counts): Tally {
  const { passed, failed, inconclusive } = counts.verdicts
  const caughtBy = { ...tally?.caughtBy }
  for (const [test, times] of Object.entries(counts.caughtBy)) caughtBy[test] = (caughtBy[test] ?? 0) + times
  return {
    truth: counts.truth,
    passed: (tally?.passed ?? 0) + passed,
    failed: (tally?.failed ?? 0) + failed,
    inconclusive: (tally?.inconclusive ?? 0) + inconclusive,
    rounds: (tally?.rounds ?? 0) + counts.rounds,
    caughtBy,
  }
}

function wholeNumber(text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= 10) return number
  throw new InvalidArgumentError('expected a whole number of at least 10')
}
