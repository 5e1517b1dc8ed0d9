/**
 * Formats a run as CTRF, the Common Test Report Format (ctrf.io). What is not judged counts as failed, since a gate that reads
 * CTRF looks at failed tests only; `rawStatus` keeps claimcheck's verdict.
 */
import { failureText } from '../expect/expectation.ts'
import { environmentOf, type ReportedProblem, type RunReport, type TestReport } from './run-report.ts'

const SPEC_VERSION = '0.0.0'

type Status = 'passed' | 'failed' | 'skipped'

/** The fields of the format that are used here. */
interface CtrfTest {
  readonly name: string
  readonly status: Status
  readonly rawStatus: string
  /** Milliseconds. */
  readonly duration: number
  readonly start?: number
  readonly stop?: number
  readonly suite: readonly string[]
  readonly filePath?: string
  readonly message?: string
  readonly extra?: object
}

export function formatCtrf(report: RunReport): string {
  const tests = [
    ...report.tests.map((test) => testOf(test, report)),
    ...report.problems.map((problem) => problemTest(problem)),
  ]
  const count = (status: Status): number => tests.filter((one) => one.status === status).length
  const summary = {
    tests: tests.length,
    passed: count('passed'),
    failed: count('failed'),
    pending: 0,
    skipped: count('skipped'),
    other: 0,
    start: Date.parse(report.startedAt),
    stop: Date.parse(report.finishedAt),
  }
  const document = {
    reportFormat: 'CTRF',
    specVersion: SPEC_VERSION,
    timestamp: report.finishedAt,
    generatedBy: `${report.tool.name} ${report.tool.version}`,
    results: { tool: report.tool, summary, tests },
    extra: { run: report.run, target: report.target, outcome: report.outcome },
  }
  return `${JSON.stringify(document, null, 2)}\n`
}

function testOf(test: TestReport, report: RunReport): CtrfTest {
  const { file, suite, name, verdict, seconds, startedAt, skipReason, expectations, problems } = test
  const { target, sku, emulation } = environmentOf(report, file)
  const unmet = expectations.filter((one) => one.verdict !== 'passed')
  const message = [...unmet.map(failureText), ...problems.map((one) => `${one.code}: ${one.message}`)]
  const text = skipReason ?? (message.length === 0 ? undefined : message.join('\n'))
  const start = startedAt === undefined ? undefined : Date.parse(startedAt)
  return {
    name,
    status: STATUS[verdict],
    rawStatus: verdict,
    duration: Math.round(seconds * 1000),
    ...(start === undefined ? {} : { start, stop: start + Math.round(seconds * 1000) }),
    // The format demands at least one suite.
    suite: suite.length === 0 ? [file] : [...suite],
    filePath: file,
    ...(text === undefined ? {} : { message: text }),
    extra: {
      target,
      sku,
      emulation,
      figures: Object.assign({}, ...expectations.map(({ properties }) => properties)) as object,
    },
  }
}

const problemTest = ({ code, message, file }: ReportedProblem): CtrfTest => ({
  name: code,
  status: 'failed',
  rawStatus: 'inconclusive',
  duration: 0,
  message,
  suite: [file ?? 'the run'],
  ...(file === undefined ? {} : { filePath: file }),
})

const STATUS = {
  passed: 'passed',
  waived: 'passed',
  warned: 'passed',
  failed: 'failed',
  inconclusive: 'failed',
  interrupted: 'failed',
  skipped: 'skipped',
} as const satisfies Record<TestReport['verdict'], Status>
