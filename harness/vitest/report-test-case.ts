/**
 * Converts Vitest's test cases to the tests of a report. A recorded expectation takes precedence over Vitest's own result, so
 * that a retry, `.soft` or `.catch` hides no failed expectation.
 */
import { relative } from 'node:path'
import type { SerializedError } from 'vitest'
import type { TestCase, TestModule, TestSuite } from 'vitest/node'
import type { Expectation } from '../expect/expectation.ts'
import { isGating, overallVerdict } from '../expect/waiver.ts'
import type { ReportedProblem, TestReport, TestVerdict } from '../report/run-report.ts'
import { expectationsIn } from './judged-error.ts'
import { problemOf } from './thrown-error.ts'

export interface RunFacts {
  /** The project folder; file names in reports are relative to it. */
  readonly root: string
  readonly interrupted: boolean
}

export const fileOf = (module: TestModule, root: string): string => relative(root, module.moduleId)

export function reportTest(test: TestCase, run: RunFacts): TestReport {
  const expectations = test.meta().claimcheck?.expectations ?? []
  const problems = thrownIn(test)
    .filter((error) => !reportsExpectation(error, expectations))
    .map((error) => problemOf(error, run.root))
  const verdict = verdictOf(test, expectations, problems, run)
  if (isBad(verdict) && problems.length === 0 && !expectations.some(isGatingFailure)) {
    problems.push({
      code: 'INTERNAL',
      message: `Vitest reports this test as ${test.result().state} without an error`,
    })
  }
  const startedAt = test.attempts()[0]?.startTime ?? test.diagnostic()?.startTime
  const reason = verdict === 'skipped' ? skipReason(test) : undefined
  return {
    file: fileOf(test.module, run.root),
    suite: suitesAround(test).map((suite) => suite.name),
    name: test.name,
    verdict,
    ...(reason === undefined ? {} : { skipReason: reason }),
    ...(startedAt === undefined ? {} : { startedAt: new Date(startedAt).toISOString() }),
    seconds: (test.diagnostic()?.duration ?? 0) / 1000,
    expectations,
    problems,
  }
}

const isGatingFailure = (one: Expectation): boolean => one.verdict !== 'passed' && isGating(one)
const isBad = (verdict: TestVerdict): boolean => verdict === 'failed' || verdict === 'inconclusive'

function verdictOf(
  test: TestCase,
  expectations: readonly Expectation[],
  problems: readonly ReportedProblem[],
  { interrupted }: RunFacts,
): TestVerdict {
  const codes = problems.map((problem) => problem.code)
  const gating = expectations.filter(isGating)
  if (gating.some((one) => one.verdict === 'failed') || codes.includes('ASSERTION_FAILED')) return 'failed'
  const undecided = gating.filter((one) => one.verdict === 'inconclusive')
  if ([...codes, ...undecided.map((one) => one.code)].includes('INTERRUPTED')) return 'interrupted'
  if (undecided.length > 0 || problems.length > 0) return 'inconclusive'
  const result = test.result()
  if (result.state === 'passed') return overallVerdict(expectations)
  if (result.state === 'failed') return 'inconclusive'
  if (result.state === 'pending') return interrupted ? 'interrupted' : 'inconclusive'
  const aborted = interrupted || result.note?.startsWith(ABORTED) === true
  return aborted && wasToRun(test) ? 'interrupted' : 'skipped'
}

const ABORTED = 'The test run was aborted'

/** The reason that a test gave when it skipped itself. */
function ownNote(test: TestCase): string | undefined {
  const result = test.result()
  const note = result.state === 'skipped' ? result.note : undefined
  return note?.startsWith(ABORTED) === true ? undefined : note
}

/** True unless the test was marked or filtered out before the run, or skipped itself. */
const wasToRun = (test: TestCase): boolean => test.options.mode === 'run' && ownNote(test) === undefined

/** False for a test whose reason for not running is known only after its suite has ended. */
export const isSettled = (test: TestCase): boolean => test.result().state !== 'skipped' || !wasToRun(test)

const skipReason = (test: TestCase): string =>
  ownNote(test) ?? (test.options.mode === 'todo' ? 'to be written' : 'marked or filtered out in this run')

/** The errors of all attempts; for a test that never ran, those of the suites around it. */
function thrownIn(test: TestCase): readonly SerializedError[] {
  const result = test.result()
  const attempts = test.attempts()
  const own =
    attempts.length > 0 ? attempts.flatMap((attempt) => attempt.errors ?? []) : (result.errors ?? [])
  return isSkippedByItsSuite(test) ? [...own, ...setupErrors(test)] : own
}

/** A test that was to run and did not: it reports the errors of the suites around it. */
const isSkippedByItsSuite = (test: TestCase): boolean => test.result().state === 'skipped' && wasToRun(test)

const setupErrors = (test: TestCase): readonly SerializedError[] =>
  [test.module, ...suitesAround(test)].flatMap((suite) => suite.errors())

function suitesAround(test: TestCase): readonly TestSuite[] {
  const suites: TestSuite[] = []
  for (let { parent } = test; parent.type === 'suite'; { parent } = parent) suites.unshift(parent)
  return suites
}

/** Errors of set-up, tear-down and collection that no test of the file reports. */
export function reportModuleProblems(
  module: TestModule,
  tests: readonly TestReport[],
  run: RunFacts,
): ReportedProblem[] {
  const file = fileOf(module, run.root)
  const problems = [module, ...module.children.allSuites()]
    .filter((suite) => ![...suite.children.allTests()].some(isSkippedByItsSuite))
    .flatMap((suite) => suite.errors())
    .map((error) => ({ ...problemOf(error, run.root), file }))
  if (problems.length > 0 || tests.length > 0) return problems
  if (run.interrupted) return [{ code: 'INTERRUPTED', message: 'this file was not run', file }]
  const unfinished = module.state() === 'queued' || module.state() === 'pending'
  return unfinished ? [{ code: 'INTERNAL', message: 'this file did not run to its end', file }] : []
}

/** True when a matcher threw `error` for expectations that the test recorded. */
const reportsExpectation = (error: SerializedError, expectations: readonly Expectation[]): boolean => {
  const reported = expectationsIn(error)
  return expectations.some(({ id }) => id !== undefined && reported.includes(id))
}
