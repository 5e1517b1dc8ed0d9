/** The history keeps every run, also with concurrent writers and after a crash; the last green run is the reference. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { beforeAll, expect, test } from 'vitest'
import { addToHistory, lastGreen, readHistory } from '../../harness/certificate/history.ts'
import { summaryOf, type Summary } from '../../harness/certificate/run-summary.ts'
import { temporaryFolder } from '../support/rack-file.ts'
import { genuineRun, type Genuine } from './genuine.ts'

let run: Genuine
let summary: Summary

beforeAll(async () => {
  run = await genuineRun()
  summary = summaryOf(run.certificate)
})

/** The run of day `day`, with changes. */
const entry = (day: number, other: Partial<Summary> = {}): Summary => ({
  ...summary,
  run: `run-${day}`,
  finishedAt: `2026-01-0${day}T00:00:00.000Z`,
  ...other,
})

test('a run adds a line', () => {
  const history = readHistory(join(run.folder, 'history.ndjson'))
  expect(history).toEqual({ runs: [summary], warnings: [] })
})

test('no line is lost when processes write at the same time', async () => {
  const path = join(temporaryFolder(), 'history.ndjson')
  const input = join(temporaryFolder(), 'summary.json')
  writeFileSync(input, JSON.stringify(summary))
  const source = new URL('../../harness/certificate/history.ts', import.meta.url).pathname
  const script = `
    import { readFileSync } from 'node:fs'
    import { addToHistory } from ${JSON.stringify(source)}
    const summary = JSON.parse(readFileSync(${JSON.stringify(input)}, 'utf8'))
    for (let i = 0; i < 50; i++) addToHistory(${JSON.stringify(path)}, { ...summary, run: process.argv[1] + '-' + i })`
  const writers = ['a', 'b', 'c', 'd']
  await Promise.all(
    writers.map((name) => execa(process.execPath, ['--input-type=module', '-e', script, name])),
  )
  const { runs, warnings } = readHistory(path)
  expect(warnings).toEqual([])
  const expected = writers.flatMap((name) => Array.from({ length: 50 }, (_, i) => `${name}-${i}`))
  expect(runs.map((one) => one.run).sort()).toEqual(expected.sort())
})

test('an incomplete line is reported and does not affect others, at the end or before it', () => {
  const path = join(temporaryFolder(), 'history.ndjson')
  addToHistory(path, entry(1))
  const whole = readFileSync(path, 'utf8')
  appendFileSync(path, whole.slice(0, 300))
  expect(readHistory(path)).toEqual({
    runs: [entry(1)],
    warnings: [expect.stringMatching(/history\.ndjson:4 is not valid JSON and is ignored: /)],
  })
  addToHistory(path, entry(2))
  expect(readHistory(path)).toEqual({
    runs: [entry(1), entry(2)],
    warnings: [expect.stringContaining(':4 is not valid JSON')],
  })
})

test('a line of another version is reported and ignored', () => {
  const path = join(temporaryFolder(), 'history.ndjson')
  writeFileSync(path, '{"schema":"claimcheck.history/9"}\n')
  addToHistory(path, entry(1))
  expect(readHistory(path)).toEqual({
    runs: [entry(1)],
    warnings: [expect.stringContaining(':1 is not a run of this version and is ignored: schema')],
  })
})

test('a missing file is an empty history', () => {
  expect(readHistory(join(temporaryFolder(), 'history.ndjson'))).toEqual({ runs: [], warnings: [] })
})

test('a history that cannot be written is an error', () => {
  expect(() => addToHistory('/proc/history.ndjson', summary)).toThrow(
    /\/proc\/history\.ndjson could not be written: .* set CLAIMCHECK_REPORT_DIR/,
  )
})

test('the reference is the last comparable green run before this one', () => {
  const other = entry(4, { emulation: { ...(summary.emulation ?? raise()), scale: 50 } })
  const runs = [entry(1), entry(2), entry(3, { verdict: 'failed' }), other, entry(7)]
  const { run: reference } = lastGreen({ runs, warnings: [] }, entry(6), 'history')
  expect(reference).toBe('run-2')
})

test.for<[string, () => Summary[]]>([
  ['no run', () => []],
  ['only red runs', () => [entry(1, { verdict: 'failed' }), entry(2, { verdict: 'inconclusive' })]],
  ['only this run', () => [entry(6)]],
  ['only runs of another SKU', () => [entry(1, { sku: { ...summary.sku, name: 'b200x8' } })]],
  ['only runs on another target', () => [entry(1, { target: 'cluster' })]],
])('with %s there is no reference', ([, runs]) => {
  expect(() => lastGreen({ runs: runs(), warnings: [] }, entry(6), 'reports/history.ndjson')).toThrow(
    'reports/history.ndjson has no green run of SKU h100x8 on target emulated before run run-6',
  )
})

function raise(): never {
  throw new Error('the run is emulated')
}
