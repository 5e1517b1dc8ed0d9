/**
 * Vitest's tests as reported ones. Takes test cases with the evidence in their metadata; gives verdicts.
 * What a test recorded outranks what Vitest calls it: a retry, a `.soft` or a `.catch` hides no broken expectation.
 */
import { relative } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import type { SerializedError } from 'vitest'
import type { TestCase, TestModule, TestSuite } from 'vitest/node'
import { isErrorCode, type ErrorCode } from '../core/errors.ts'
import { headline, type Expectation } from '../expect/expectation.ts'
import { isGating, overallVerdict } from '../expect/waiver.ts'
import type { ReportedProblem, TestReport, TestVerdict } from '../report/run-report.ts'

export interface RunFacts {
  /** The project folder; files are named from it. */
  readonly root: string
  readonly interrupted: boolean
}

export const fileOf = (module: TestModule, root: string): string => relative(root, module.moduleId)

export function reportTest(test: TestCase, run: RunFacts): TestReport {
  const expectations = test.meta().claimcheck?.expectations ?? []
  const problems = thrownIn(test)
    .filter((error) => !expectations.some((one) => tells(one, error)))
    .map((error) => problemOf(error, run.root))
  const verdict = verdictOf(test, expectations, problems, run)
  if (isBad(verdict) && problems.length === 0 && !expectations.some(isToBlame)) {
    problems.push({
      code: 'INTERNAL',
      message: `Vitest calls this test ${test.result().state} and says no more`,
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

const isToBlame = (one: Expectation): boolean => one.verdict !== 'passed' && isGating(one)
const isBad = (verdict: TestVerdict): boolean => verdict === 'failed' || verdict === 'inconclusive'

function verdictOf(
  test: TestCase,
  expectations: readonly Expectation[],
  problems: readonly ReportedProblem[],
  { interrupted }: RunFacts,
): TestVerdict {
  const codes = problems.map((problem) => problem.code)
  const gating = expectations.filter(isGating)
  if (gating.some((one) => one.verdict === 'failed') || codes.includes('EXPECTATION_FAILED')) return 'failed'
  const doubtful = gating.filter((one) => one.verdict === 'inconclusive')
  if ([...codes, ...doubtful.map((one) => one.code)].includes('INTERRUPTED')) return 'interrupted'
  if (doubtful.length > 0 || problems.length > 0) return 'inconclusive'
  const result = test.result()
  if (result.state === 'passed') return overallVerdict(expectations)
  if (result.state === 'failed') return 'inconclusive'
  if (result.state === 'pending') return interrupted ? 'interrupted' : 'inconclusive'
  const aborted = interrupted || result.note?.startsWith(ABORTED) === true
  return aborted && wasToRun(test) ? 'interrupted' : 'skipped'
}

const ABORTED = 'The test run was aborted'

/** The words that a test skipped itself with while it ran. */
function ownNote(test: TestCase): string | undefined {
  const result = test.result()
  const note = result.state === 'skipped' ? result.note : undefined
  return note?.startsWith(ABORTED) === true ? undefined : note
}

/** Neither marked nor filtered out before the run, nor skipped by its own words. */
const wasToRun = (test: TestCase): boolean => test.options.mode === 'run' && ownNote(test) === undefined

/** False for a test that did not run for a reason which is known only once its suite has ended. */
export const isSettled = (test: TestCase): boolean => test.result().state !== 'skipped' || !wasToRun(test)

const skipReason = (test: TestCase): string =>
  ownNote(test) ?? (test.options.mode === 'todo' ? 'to be written' : 'marked or filtered out in this run')

/** All attempts' errors; for a test that never ran, those of the set-up around it. */
function thrownIn(test: TestCase): readonly SerializedError[] {
  const result = test.result()
  const own = [...test.attempts().flatMap((attempt) => attempt.errors ?? []), ...(result.errors ?? [])]
  const around = result.state === 'skipped' && wasToRun(test) ? setupErrors(test) : []
  const seen = new Set<string>()
  return [...own, ...around].filter((error) => {
    const key = `${error.message}\n${error.stack}`
    return !seen.has(key) && seen.add(key)
  })
}

const setupErrors = (test: TestCase): readonly SerializedError[] =>
  [test.module, ...suitesAround(test)].flatMap((suite) => suite.errors())

function suitesAround(test: TestCase): readonly TestSuite[] {
  const suites: TestSuite[] = []
  for (let { parent } = test; parent.type === 'suite'; { parent } = parent) suites.unshift(parent)
  return suites
}

/** Errors of set-up, tear-down and collection that no test of the file tells. */
export function reportModuleProblems(
  module: TestModule,
  tests: readonly TestReport[],
  run: RunFacts,
): ReportedProblem[] {
  const file = fileOf(module, run.root)
  const told = new Set(tests.flatMap((test) => test.problems.map((problem) => problem.message)))
  const problems = [module, ...module.children.allSuites()]
    .flatMap((suite) => suite.errors())
    .map((error) => ({ ...problemOf(error, run.root), file }))
    .filter((problem) => !told.has(problem.message))
  if (problems.length > 0 || tests.length > 0) return problems
  if (run.interrupted) return [{ code: 'INTERRUPTED', message: 'this file was not run', file }]
  const unfinished = module.state() === 'queued' || module.state() === 'pending'
  return unfinished ? [{ code: 'INTERNAL', message: 'this file was not run to its end', file }] : []
}

export function problemOf(error: SerializedError, root: string): ReportedProblem {
  const { name, code, subject, hint, stack } = error
  const diff = 'diff' in error && typeof error['diff'] === 'string' ? `\n${error['diff']}` : ''
  const known = typeof code === 'string' && isErrorCode(code)
  const said =
    known || name === undefined || name === 'AssertionError' ? error.message : `${name}: ${error.message}`
  const frames = error.stacks?.map(
    ({ method, file, line, column }) =>
      `at ${method === '' ? '' : `${method} `}${relative(root, file)}:${line}:${column}`,
  )
  const trace = frames === undefined || frames.length === 0 ? stack : frames.join('\n')
  return {
    code: known ? code : codeOf(error),
    message: stripVTControlCharacters(said + diff),
    ...(typeof subject === 'string' ? { subject } : {}),
    ...(typeof hint === 'string' ? { hint } : {}),
    ...(trace === undefined ? {} : { stack: trace }),
  }
}

/** A stock matcher that fails is a broken expectation; anything else that is thrown gives no answer. */
const codeOf = ({ name }: SerializedError): ErrorCode =>
  name === 'AssertionError' ? 'EXPECTATION_FAILED' : 'INTERNAL'

/** Is `error` how a matcher threw `expectation`, which is recorded already? */
const tells = (expectation: Expectation, { message }: SerializedError): boolean =>
  expectation.verdict !== 'passed' &&
  (message.includes(headline(expectation)) || expectation.reasons.includes(message))
