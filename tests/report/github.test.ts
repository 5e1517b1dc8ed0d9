/** What a workflow of GitHub Actions shows of a run. Text from a pod must stay text there. */
import { expect, test } from 'vitest'
import { formatStepSummary } from '../../harness/report/github/step-summary.ts'
import { annotationsOf, withoutCommands } from '../../harness/report/github/workflow-commands.ts'
import { loadSku } from '../../harness/sku/sku.ts'
import { failedTest, passedTest, report } from './report.ts'

const profile = loadSku('fixtures/skus/h100x8.yaml')
const failed = report({
  outcome: 'failed',
  tests: [passedTest, failedTest],
  problems: [{ code: 'COVERAGE_PARTIAL', message: 'covers 1 of 2 nodes', hint: 'Name the nodes.' }],
  files: { [passedTest.file]: { target: 'emulated', profile, evidence: {} } },
})

test('every sentence that is not passed is annotated with file and line', () => {
  const [first = '', second, ...rest] = annotationsOf(failed, () => 12)
  expect(first).toMatch(
    /^::error file=suites\/numa\/kv-transfer\.test\.ts,line=12,title=EXPECTATION_FAILED%3A aligned bandwidth is at least 1\.3x unaligned::/,
  )
  expect(first).toContain('node-a/mlx5_2 is slow')
  expect(first).not.toContain('\n')
  expect(second).toBe('::error title=COVERAGE_PARTIAL::covers 1 of 2 nodes Name the nodes.')
  expect(rest).toEqual([])
})

test('what is tolerated is a warning, and a green run has no annotation', () => {
  const warned = {
    ...failedTest,
    verdict: 'warned' as const,
    expectations: failedTest.expectations.map((one) => ({ ...one, tier: 'warn' as const })),
  }
  expect(annotationsOf(report({ tests: [warned] }), () => undefined)).toEqual([
    expect.stringMatching(/^::warning file=[^,]+,title=/),
  ])
  expect(annotationsOf(report(), () => undefined)).toEqual([])
})

test.for(['::set-env name=PATH::/tmp', '  ::stop-commands::x', '##[error]x', '✗ failed: ##[error]x'])(
  'the log line %j of a pod is not a command',
  (line) => {
    expect(withoutCommands(line).trimStart()).not.toMatch(/^::|##\[/)
  },
)

test('the summary has the verdict, what is not passed, the figures and the topology', () => {
  expect(formatStepSummary(failed)).toMatchSnapshot()
})

test('text from a pod becomes neither Markdown nor HTML', () => {
  const reasons = ['<img src=x> | [a](http://b) `c`\n# d @octocat']
  const tests = [{ ...failedTest, expectations: failedTest.expectations.map((one) => ({ ...one, reasons })) }]
  const summary = formatStepSummary(report({ outcome: 'failed', tests }))
  expect(summary).not.toMatch(/<img|\[a\]|@octocat|^# d/m)
  expect(summary).toContain(
    '&#60;img src=x&#62; &#124; &#91;a&#93;(http://b) &#96;c&#96;<br>&#35; d &#64;octocat',
  )
})
