/**
 * How large the report page is and how long it takes to make, from recorded runs and from made ones with up to 1,000 nodes.
 * A made run repeats the evidence and tests of a recorded pair under other node names.
 */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { formatPage } from '../harness/report/html/page.ts'
import { runReportSchema, type RunReport } from '../harness/report/run-report.ts'

const RECORDED = new URL('../tests/report/html/recorded/', import.meta.url)
const TIMES = 5

const recorded = (kind: string): RunReport =>
  runReportSchema.parse(
    JSON.parse(gunzipSync(readFileSync(new URL(`${kind}.json.gz`, RECORDED))).toString('utf8')),
  )

/** As if every two of `nodes` nodes had been tested as the recorded pair was. */
function madeRun(pair: RunReport, nodes: number): RunReport {
  const text = JSON.stringify(pair)
  const runs = Array.from({ length: nodes / 2 }, (_, index) => {
    const renamed = text
      .replaceAll('node-a', `node-${2 * index + 1}`)
      .replaceAll('node-b', `node-${2 * index + 2}`)
      .replaceAll('suites/numa/', `suites/pair-${index + 1}/`)
    return runReportSchema.parse(JSON.parse(renamed))
  })
  return {
    ...pair,
    tests: runs.flatMap(({ tests }) => tests),
    files: Object.assign({}, ...runs.map(({ files }) => files)),
  }
}

const passed = recorded('passed')
const rows: readonly (readonly [string, RunReport])[] = [
  ['2 nodes, recorded', passed],
  ['2 nodes, recorded, failed', recorded('failed')],
  ['16 nodes, recorded', recorded('sixteen-nodes')],
  ...[16, 100, 1000].map(
    (nodes) => [`${nodes} nodes, made, every pair measured`, madeRun(passed, nodes)] as const,
  ),
]
for (const [name, report] of rows) {
  const times = Array.from({ length: TIMES }, () => {
    const start = performance.now()
    const { length } = formatPage({ reports: [report] })
    return { milliseconds: performance.now() - start, length }
  }).sort((a, b) => a.milliseconds - b.milliseconds)
  const { milliseconds = 0, length = 0 } = times[Math.floor(TIMES / 2)] ?? {}
  process.stdout.write(`| ${name} | ${(length / 1000).toFixed(0)} kB | ${milliseconds.toFixed(0)} ms |\n`)
}
