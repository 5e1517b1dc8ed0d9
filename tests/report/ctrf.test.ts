import { validate } from 'ctrf'
import { expect, test } from 'vitest'
import { formatCtrf } from '../../harness/report/ctrf.ts'
import type { RunReport } from '../../harness/report/run-report.ts'
import { failedTest, passedTest, report } from './report.ts'

const interrupted: RunReport = report({
  outcome: 'interrupted',
  tests: [],
  files: {},
  problems: [{ code: 'INTERRUPTED', message: 'the run was interrupted' }],
})

test.for<[string, RunReport]>([
  ['a green run', report()],
  [
    'a failed run',
    report({ outcome: 'failed', tests: [passedTest, failedTest, { ...failedTest, suite: [] }] }),
  ],
  ['an interrupted run', interrupted],
])('%s is valid by the published schema', ([, run]) => {
  expect(validate(JSON.parse(formatCtrf(run)))).toMatchObject({ valid: true })
})

test('what is not judged counts as failed and keeps its verdict', () => {
  const undecided = { ...failedTest, verdict: 'inconclusive' as const }
  const skipped = { ...passedTest, verdict: 'skipped' as const, skipReason: 'no second node' }
  const run = report({ outcome: 'failed', tests: [passedTest, undecided, skipped] })
  const { results } = JSON.parse(formatCtrf(run)) as { results: { summary: object; tests: object[] } }
  expect(results.summary).toMatchObject({ tests: 3, passed: 1, failed: 1, skipped: 1 })
  expect(results.tests).toMatchObject([
    { status: 'passed', rawStatus: 'passed', extra: { target: 'emulated', figures: { ratio: 1.421 } } },
    {
      status: 'failed',
      rawStatus: 'inconclusive',
      message: expect.stringContaining('node-a/mlx5_2 is slow') as string,
    },
    { status: 'skipped', rawStatus: 'skipped', message: 'no second node' },
  ])
})
