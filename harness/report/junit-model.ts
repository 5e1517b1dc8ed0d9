/**
 * Maps a run report to JUnit suites and cases, independent of XML. There is one suite per test file, and one named after the
 * tool for problems of the run as a whole. A run that is not green always has a failure or an error.
 */
import type { ErrorCode } from '../core/errors.ts'
import { factsOf, failureText, toleranceOf, type Expectation } from '../expect/expectation.ts'
import { describeCoverage, describeLeftOut, type Coverage } from './coverage.ts'
import {
  environmentOf,
  isEmulated,
  isGreen,
  type Environment,
  type ReportedProblem,
  type RunReport,
  type TestReport,
} from './run-report.ts'

export interface JUnitOutcome {
  readonly element: 'failure' | 'error' | 'skipped'
  readonly code?: ErrorCode
  readonly message: string
  readonly text: string
}

export interface JUnitCase {
  readonly name: string
  readonly classname: string
  readonly file?: string
  readonly seconds: number
  readonly properties: Readonly<Record<string, unknown>>
  readonly outcome?: JUnitOutcome
}

export interface JUnitSuite {
  readonly name: string
  readonly startedAt: string
  readonly properties: Readonly<Record<string, unknown>>
  readonly cases: readonly JUnitCase[]
}

export function junitSuites(report: RunReport): readonly JUnitSuite[] {
  const files = new Set([...report.tests, ...report.problems].map(({ file }) => file))
  files.delete(undefined)
  const suites: JUnitSuite[] = [...(files as Set<string>)].sort().map((file) => {
    const tests = report.tests.filter((test) => test.file === file)
    const environment = environmentOf(report, file)
    return {
      name: file,
      startedAt: tests.find((test) => test.startedAt !== undefined)?.startedAt ?? report.startedAt,
      properties: suiteProperties(report, environment),
      cases: [
        ...tests.map((test) => caseOf(test, environment)),
        ...report.problems.filter((problem) => problem.file === file).map(problemCase),
      ],
    }
  })
  const runProblems = report.problems.filter((problem) => problem.file === undefined)
  const bad = suites.some((suite) =>
    suite.cases.some(({ outcome }) => outcome && outcome.element !== 'skipped'),
  )
  if (runProblems.length === 0 && !bad && !isGreen(report)) runProblems.push(unexplained(report))
  if (runProblems.length === 0) return suites
  const run = { name: report.tool.name, startedAt: report.startedAt, cases: runProblems.map(problemCase) }
  return [...suites, { ...run, properties: suiteProperties(report, { target: report.target }) }]
}

const unexplained = ({ outcome }: RunReport): ReportedProblem => ({
  code: outcome === 'interrupted' ? 'INTERRUPTED' : 'INTERNAL',
  message: `the run is ${outcome}, but no test or problem gives the reason`,
})

function suiteProperties(report: RunReport, environment: Environment): Record<string, unknown> {
  const { target, sku, emulation } = environment
  return {
    run: report.run,
    'claimcheck.version': report.tool.version,
    target,
    emulated: isEmulated(environment),
    sku,
    runtime: emulation?.runtime,
    scale: emulation?.scale,
    rack: emulation?.rack,
    faults: emulation?.faults.join(', '),
    ...coverageProperties(report),
  }
}

function coverageProperties({ coverage }: RunReport): Record<string, unknown> {
  if (coverage === undefined) return {}
  const share = ({ covered, missing }: Coverage['nodes']): string =>
    `${covered.length} of ${covered.length + missing.length}`
  return {
    coverage: describeCoverage(coverage),
    'coverage.required': coverage.required,
    'coverage.nodes': share(coverage.nodes),
    'coverage.gpus': share(coverage.gpus),
    'coverage.nics': share(coverage.nics),
    'coverage.paths': coverage.paths.length,
    'coverage.gpuPairs': coverage.gpuPairs.length,
    'coverage.leftOut': describeLeftOut(coverage).join('; ') || undefined,
  }
}

function caseOf(test: TestReport, environment: Environment): JUnitCase {
  const { file, suite, name, seconds } = test
  const outcome = outcomeOf(test)
  const properties = {
    target: environment.target,
    emulated: isEmulated(environment) || test.expectations.some((one) => one.emulated),
    verdict: test.verdict,
    tolerated: tolerancesOf(test.expectations),
    ...mergedProperties(test.expectations),
  }
  const testcase = { name: [...suite, name].join(' > '), classname: file, file, seconds, properties }
  return outcome === undefined ? testcase : { ...testcase, outcome }
}

/** The reasons why unmet expectations did not fail the test (a waiver or the warn tier), or undefined. */
const tolerancesOf = (expectations: readonly Expectation[]): string | undefined =>
  [...new Set(expectations.flatMap((one) => toleranceOf(one) ?? []))].join('; ') || undefined

/**
 * The properties of all expectations of a test. When two have different values for a name, the later name gets `#2`, `#3`...
 * Where a comparison has several pairs of nodes, each pair's names begin with its nodes; the bare names are those of the
 * first pair that did not pass, or else of the first.
 */
function mergedProperties(expectations: readonly Expectation[]): Record<string, unknown> {
  const [shown] = [...expectations.filter(({ verdict }) => verdict !== 'passed'), ...expectations].map(
    ({ nodes }) => nodes?.join(' and '),
  )
  const merged: Record<string, unknown> = {}
  for (const { properties, nodes } of expectations) {
    const place = nodes?.join(' and ')
    const named = Object.entries(properties).flatMap(([name, value]) => [
      ...(place === shown ? [[name, value] as const] : []),
      ...(place === undefined ? [] : [[`${place}: ${name}`, value] as const]),
    ])
    for (const [name, value] of named) {
      let key = name
      for (let i = 2; key in merged && merged[key] !== value; i++) key = `${name}#${i}`
      merged[key] = value
    }
  }
  return merged
}

function outcomeOf(test: TestReport): JUnitOutcome | undefined {
  const { verdict, expectations, problems } = test
  if (verdict === 'passed') return undefined
  if (verdict === 'skipped') {
    return { element: 'skipped', message: test.skipReason ?? 'no reason given', text: '' }
  }
  const bad = expectations.filter((one) => one.verdict !== 'passed')
  if (verdict === 'waived' || verdict === 'warned') {
    const messages = bad.map((one) => `${verdict}: ${summary(one)}; ${toleranceOf(one) ?? ''}`)
    return { element: 'skipped', message: messages[0] ?? verdict, text: bad.map(failureText).join('\n\n') }
  }
  const all = [
    ...bad.map((one) => ({
      verdict: one.verdict,
      code: one.code,
      message: summary(one),
      text: failureText(one),
    })),
    ...problems.map((one) => ({ verdict: codeVerdict(one.code), ...one, text: problemText(one) })),
  ]
  const first = all.find((one) => one.verdict === verdict) ?? all[0]
  const code = verdict === 'interrupted' ? 'INTERRUPTED' : (first?.code ?? 'INTERNAL')
  return {
    element: verdict === 'failed' ? 'failure' : 'error',
    code,
    message: first?.message ?? (verdict === 'interrupted' ? 'not run: the run was interrupted' : verdict),
    text: all.map((one) => one.text).join('\n\n'),
  }
}

const codeVerdict = (code: ErrorCode): TestReport['verdict'] =>
  code === 'ASSERTION_FAILED' ? 'failed' : code === 'INTERRUPTED' ? 'interrupted' : 'inconclusive'

const summary = (one: Expectation): string => `${one.statement}: ${factsOf(one).join(', ')}`

function problemCase(problem: ReportedProblem): JUnitCase {
  const text = problemText(problem)
  return {
    name: problem.subject ?? (problem.file === undefined ? 'the run' : 'the file'),
    classname: problem.file ?? 'claimcheck',
    ...(problem.file === undefined ? {} : { file: problem.file }),
    seconds: 0,
    properties: {},
    outcome: { element: 'error', code: problem.code, message: problem.message, text },
  }
}

const problemText = ({ message, hint, stack }: ReportedProblem): string =>
  [message, hint !== undefined && !message.includes(hint) ? hint : undefined, stack]
    .filter((part) => part !== undefined)
    .join('\n')
