/** The history keeps every run, whoever writes at the same time and whatever was torn; the last green run is the reference. */
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

/** Run number `day`, and what is other about it. */
const entry = (day: number, other: Partial<Summary> = {}): Summary => ({
  ...summary,
  run: `run-${day}`,
  finishedAt: `2026-01-0${day}T00:00:00.000Z`,
  ...other,
})

test('a run adds itself', () => {
  const history = readHistory(join(run.folder, 'history.ndjson'))
  expect(history).toEqual({ runs: [summary], complaints: [] })
})

test('processes that add at the same time lose nothing', async () => {
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
  const { runs, complaints } = readHistory(path)
  expect(complaints).toEqual([])
  const expected = writers.flatMap((name) => Array.from({ length: 50 }, (_, i) => `${name}-${i}`))
  expect(runs.map((one) => one.run).sort()).toEqual(expected.sort())
})

test('a torn line is told and costs no other, at the end or before it', () => {
  const path = join(temporaryFolder(), 'history.ndjson')
  addToHistory(path, entry(1))
  const whole = readFileSync(path, 'utf8')
  appendFileSync(path, whole.slice(0, 300))
  expect(readHistory(path)).toEqual({
    runs: [entry(1)],
    complaints: [expect.stringMatching(/history\.ndjson:4 is torn, and passed over: /)],
  })
  addToHistory(path, entry(2))
  expect(readHistory(path)).toEqual({
    runs: [entry(1), entry(2)],
    complaints: [expect.stringContaining(':4 is torn')],
  })
})

test('a line of another version is told and passed over', () => {
  const path = join(temporaryFolder(), 'history.ndjson')
  writeFileSync(path, '{"schema":"claimcheck.history/9"}\n')
  addToHistory(path, entry(1))
  expect(readHistory(path)).toEqual({
    runs: [entry(1)],
    complaints: [expect.stringContaining(':1 is no run of this version, and passed over: schema')],
  })
})

test('there is none at first', () => {
  expect(readHistory(join(temporaryFolder(), 'history.ndjson'))).toEqual({ runs: [], complaints: [] })
})

test('a history that cannot be added to is told', () => {
  expect(() => addToHistory('/proc/history.ndjson', summary)).toThrow(
    /\/proc\/history\.ndjson could not be added to: .* set CLAIMCHECK_REPORT_DIR/,
  )
})

test('the reference is the last green run before this one that is like it', () => {
  const other = entry(4, { emulation: { ...(summary.emulation ?? raise()), scale: 50 } })
  const runs = [entry(1), entry(2), entry(3, { verdict: 'failed' }), other, entry(7)]
  const { run: reference } = lastGreen({ runs, complaints: [] }, entry(6), 'history')
  expect(reference).toBe('run-2')
})

test.for<[string, () => Summary[]]>([
  ['no run', () => []],
  ['only red runs', () => [entry(1, { verdict: 'failed' }), entry(2, { verdict: 'inconclusive' })]],
  ['only this run', () => [entry(6)]],
  ['only runs of another SKU', () => [entry(1, { sku: { ...summary.sku, name: 'b200x8' } })]],
  ['only runs on another target', () => [entry(1, { target: 'cluster' })]],
])('with %s there is no reference', ([, runs]) => {
  expect(() => lastGreen({ runs: runs(), complaints: [] }, entry(6), 'reports/history.ndjson')).toThrow(
    'reports/history.ndjson has no green run of SKU h100x8 on target emulated before run run-6',
  )
})

function raise(): never {
  throw new Error('the run is emulated')
}
