import { expect, test } from 'vitest'
import { exitCodeOf } from '../../harness/cli/exit-code.ts'
import type { ReportedProblem, RunReport, TestVerdict } from '../../harness/report/run-report.ts'
import { passedTest, report } from '../report/report.ts'

const verdicts = (...all: TestVerdict[]): Partial<RunReport> => ({
  tests: all.map((verdict) => ({ ...passedTest, verdict })),
  outcome: all.every((one) => one === 'passed' || one === 'skipped') ? 'passed' : 'failed',
})
const problem = (code: ReportedProblem['code'], more: Partial<ReportedProblem> = {}): ReportedProblem => ({
  code,
  message: 'a message',
  ...more,
})

test.for<[string, Partial<RunReport>, code: number, allowed?: number]>([
  ['all passed', verdicts('passed', 'skipped'), 0],
  ['waived and warned', { ...verdicts('passed', 'waived', 'warned'), outcome: 'passed' }, 0],
  ['one failed', verdicts('passed', 'failed', 'inconclusive'), 1],
  ['one inconclusive', verdicts('passed', 'inconclusive'), 3, 0],
  ['nothing but inconclusive', verdicts('inconclusive'), 3, 3],
  ['partial coverage', { ...verdicts('passed'), problems: [problem('COVERAGE_PARTIAL')] }, 3, 3],
  ['nothing measured', { ...verdicts('passed'), problems: [problem('NOTHING_MEASURED')] }, 3, 3],
  ['no reference', { ...verdicts('passed', 'inconclusive'), problems: [problem('NO_REFERENCE')] }, 3, 3],
  ['trouble of the cluster', { ...verdicts('passed'), problems: [problem('API_UNREACHABLE')] }, 3, 3],
  ['an expired waiver', { ...verdicts('passed'), problems: [problem('WAIVER_EXPIRED')] }, 1],
  ['a wrong variable', { tests: [], problems: [problem('VARIABLE_INVALID')], outcome: 'failed' }, 2],
  ['no test', { tests: [], problems: [problem('NO_TESTS')], outcome: 'failed' }, 2],
  ['every test skipped', { ...verdicts('skipped'), problems: [problem('NO_TESTS')] }, 3, 3],
  [
    'a file that cannot be loaded',
    { ...verdicts('passed'), problems: [problem('INTERNAL', { file: 'b.test.ts' })] },
    2,
  ],
  ['interrupted', { ...verdicts('failed', 'interrupted'), outcome: 'interrupted' }, 4],
])('%s', ([, parts, code, allowed = code]) => {
  expect(exitCodeOf(report(parts), { allowInconclusive: false })).toBe(code)
  expect(exitCodeOf(report(parts), { allowInconclusive: true })).toBe(allowed)
})
