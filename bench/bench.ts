/**
 * The command line of a benchmark. Measures the rows for `--rounds` rounds, or only those of `--only`, prints a table of
 * figures with their goals and writes every sample to a file in the report folder. A missed goal is printed and does not
 * change the exit code.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { readSettings } from '../harness/core/variables.ts'
import { isMet, summaryOf, type Measurement, type Row } from './figure.ts'
import { tableOf } from './table.ts'

const SCHEMA = 'claimcheck.bench/1'

interface MeasuredRow extends Measurement {
  readonly name: string
  readonly about: string
  /** One-minute load average before and after. */
  readonly load: readonly [number, number]
}

export interface Bench {
  readonly name: string
  readonly description: string
  readonly rows: readonly Row[]
  readonly rounds: number
  /** Name of the file in the report folder. */
  readonly file: string
}

export async function runBench(bench: Bench): Promise<void> {
  const command = new Command(bench.name)
    .description(`${bench.description} Never fails on a missed goal.`)
    .addOption(new Option('--rounds <n>', 'rounds of every row').default(bench.rounds).argParser(wholeNumber))
    .addOption(new Option('--only <row>', 'this row alone').choices(bench.rows.map(({ name }) => name)))
    .parse()
  const { rounds, only } = command.opts<{ rounds: number; only?: string }>()
  const { cacheDir, reportDir } = readSettings(process.env)

  const startedAt = new Date().toISOString()
  const measured: MeasuredRow[] = []
  for (const row of bench.rows.filter(({ name }) => only === undefined || name === only)) {
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
  const file = join(reportDir, bench.file)
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
}

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
