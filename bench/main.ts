/**
 * `npm run bench`: takes --rounds and --only; prints one table of figures against their goals and writes every sample to
 * bench.json in the report folder. A missed goal is told, never an exit code.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { readSettings } from '../harness/core/variables.ts'
import { isMet, summaryOf, type Measurement, type Row } from './figure.ts'
import { largeWrite } from './rows/large-write.ts'
import { model } from './rows/model.ts'
import { smallWrite } from './rows/small-write.ts'
import { start } from './rows/start.ts'
import { suite } from './rows/suite.ts'
import { tableOf } from './table.ts'

const ROWS: readonly Row[] = [largeWrite, smallWrite, start, suite, model]
const SCHEMA = 'claimcheck.bench/1'

interface MeasuredRow extends Measurement {
  readonly name: string
  readonly about: string
  /** One-minute load average before and after. */
  readonly load: readonly [number, number]
}

const command = new Command('bench')
  .description('Measures claimcheck against what it is built on. Never fails on a missed goal.')
  .addOption(new Option('--rounds <n>', 'rounds of every row').default(5).argParser(wholeNumber))
  .addOption(new Option('--only <row>', 'this row alone').choices(ROWS.map(({ name }) => name)))
  .parse()
const { rounds, only } = command.opts<{ rounds: number; only?: string }>()
const { cacheDir, reportDir } = readSettings(process.env)

const startedAt = new Date().toISOString()
const measured: MeasuredRow[] = []
for (const row of ROWS.filter(({ name }) => only === undefined || name === only)) {
  const say = (line: string): void => void process.stderr.write(`${row.name}: ${line}\n`)
  const before = loadOf()
  const measurement = await row.measure({ rounds, cacheDir, say })
  measured.push({ name: row.name, about: row.about, load: [before, loadOf()], ...measurement })
}

const loads = measured.flatMap(({ load }) => load)
const host = {
  cpu: cpus()[0]?.model,
  cpus: cpus().length,
  memoryBytes: totalmem(),
  kernel: `${process.platform} ${release()}`,
  node: process.versions.node,
}
await mkdir(reportDir, { recursive: true })
const file = join(reportDir, 'bench.json')
const rows = measured.map((row) => ({ ...row, figures: row.figures.map(judged) }))
await writeFile(
  file,
  `${JSON.stringify({ schema: SCHEMA, startedAt, finishedAt: new Date().toISOString(), rounds, host, rows }, null, 2)}\n`,
)
const conditions = [
  `${host.cpus} CPUs`,
  host.kernel,
  `Node ${host.node}`,
  `${rounds} rounds`,
  `load ${Math.min(...loads).toFixed(1)} to ${Math.max(...loads).toFixed(1)}`,
]
process.stdout.write(`${[conditions.join(', '), '', ...tableOf(measured), '', file].join('\n')}\n`)

function judged(figure: Measurement['figures'][number]) {
  const { goal } = figure
  return {
    ...figure,
    ...summaryOf(figure.values),
    ...(goal === undefined ? {} : { met: isMet(figure, goal) }),
  }
}

function loadOf(): number {
  return loadavg()[0] ?? 0
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,2}$/.test(text)) throw new InvalidArgumentError('Expected a whole number from 1 to 999.')
  return Number(text)
}
