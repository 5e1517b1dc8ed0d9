/**
 * Measures how often the intervals miss the true value and writes the tables into docs/statistics.md, between its markers.
 * Seeded: the same sources give the same tables. Runs on as many threads as there are cores.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { stdout } from 'node:process'
import { Worker } from 'node:worker_threads'
import { NOISE_NAMES, type NoiseName } from './coverage/noise.ts'
import { planTable } from './coverage/plan-table.ts'
import { coverageTables, schemeTable, trendTable } from './coverage/table.ts'
import type { Answer } from './coverage/worker.ts'

const PAGE = new URL('../docs/statistics.md', import.meta.url)

const waiting = [...NOISE_NAMES]
const answers = new Map<NoiseName, Answer>()

async function work(): Promise<void> {
  const worker = new Worker(new URL('./coverage/worker.ts', import.meta.url))
  try {
    for (let noise = waiting.shift(); noise !== undefined; noise = waiting.shift()) {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
      worker.postMessage(noise)
      const [answer] = (await once(worker, 'message')) as [Answer]
      answers.set(noise, answer)
      stdout.write(`${noise}: done\n`)
    }
  } finally {
    await worker.terminate()
  }
}

const threads = Math.min(availableParallelism(), NOISE_NAMES.length)
await Promise.all(Array.from({ length: threads }, work))

const inOrder = NOISE_NAMES.flatMap((noise) => answers.get(noise) ?? [])
const written = Object.entries({
  coverage: coverageTables(inOrder),
  looks: schemeTable(inOrder),
  drift: trendTable(inOrder),
  plan: planTable(),
}).reduce(
  (page, [name, table]) => {
    const marks = new RegExp(`(<!-- measured: ${name} -->)[^]*?(<!-- end -->)`)
    if (!marks.test(page)) throw new TypeError(`${PAGE.pathname} has no marker "measured: ${name}"`)
    return page.replace(marks, (_, begin: string, end: string) => `${begin}\n\n${table}\n\n${end}`)
  },
  await readFile(PAGE, 'utf8'),
)
await writeFile(PAGE, written)
stdout.write('docs/statistics.md written\n')
