/**
 * Builds the `RunReport` of a run from Vitest's modules. A report that is not green always contains a test or a problem that
 * explains why.
 */
import { randomUUID } from 'node:crypto'
import { availableParallelism } from 'node:os'
import type { SerializedError } from 'vitest'
import type { TestModule, TestRunEndReason } from 'vitest/node'
import { VERSION } from '../core/package-root.ts'
import type { Expectation } from '../expect/expectation.ts'
import { unusedWaivers, type Waiver } from '../expect/waiver.ts'
import { badNodeNotes } from '../report/bad-nodes.ts'
import {
  isGreen,
  isAccepted,
  RESULTS_SCHEMA,
  type FileReport,
  type ReportedProblem,
  type RunReport,
} from '../report/run-report.ts'
import { coverageProblems, runCoverage, type Selection } from './run-coverage.ts'
import { fileOf, reportModuleProblems, reportTest } from './report-test-case.ts'
import { problemOf } from './thrown-error.ts'

const UNFINISHED: ReportedProblem = { code: 'INTERRUPTED', message: 'the run has not finished' }
const INTERRUPTED: ReportedProblem = { code: 'INTERRUPTED', message: 'the run was interrupted' }
const NO_TESTS: ReportedProblem = {
  code: 'NO_TESTS',
  message: 'the run found no test',
  hint: 'Look at the files and filters on the command line.',
}
const NOTHING_JUDGED: ReportedProblem = {
  code: 'NO_TESTS',
  message: 'every test of the run was skipped, so nothing was judged',
  hint: 'Look at the filters on the command line, and at the reasons of the skipped tests.',
}
const NOT_STARTED: ReportedProblem = {
  code: 'INTERNAL',
  message: 'no test was started because the set-up of the run failed',
}
const UNEXPLAINED: ReportedProblem = {
  code: 'INTERNAL',
  message: 'Vitest reports the run as failed without an error',
}

export class RunInProgress {
  /** The project folder; file names in reports are relative to it. */
  readonly root: string
  readonly #target: string
  readonly #id = randomUUID()
  readonly #startedAt = new Date()
  readonly #selection: Selection
  #files = 0

  constructor(root: string, target: string, selection: Selection = {}) {
    this.root = root
    this.#target = target
    this.#selection = selection
  }

  expectFiles(count: number): void {
    this.#files = count
  }

  unfinished(): RunReport {
    return this.#report({ outcome: 'interrupted', tests: [], problems: [UNFINISHED], files: {} })
  }

  /** True when no file of several was run and Vitest has not reported the reason yet. */
  startedNoTest(
    modules: readonly TestModule[],
    unhandled: readonly SerializedError[],
    outcome: TestRunEndReason,
  ): boolean {
    return this.#files > 0 && modules.length === 0 && unhandled.length === 0 && outcome === 'failed'
  }

  finished(
    modules: readonly TestModule[],
    unhandled: readonly SerializedError[],
    outcome: TestRunEndReason,
  ): RunReport {
    const run = { root: this.root, interrupted: outcome === 'interrupted' }
    const reported = modules.map((module) => {
      const tests = [...module.children.allTests()].map((test) => reportTest(test, run))
      return { tests, problems: reportModuleProblems(module, tests, run) }
    })
    const tests = reported.flatMap((one) => one.tests)
    const expectations = tests.flatMap((test) => test.expectations)
    const skus = new Set(modules.map((module) => module.meta().claimcheckFile?.sku?.name))
    const waivers = (modules[0]?.project.getProvidedContext().waivers ?? []).filter(
      ({ sku }) => sku === undefined || skus.has(sku),
    )
    const notes = [
      ...badNodeNotes(expectations),
      ...unusedWaivers(
        waivers.filter(({ expired }) => !expired),
        expectations,
      ),
    ]
    const coverage = run.interrupted ? undefined : runCoverage(modules, tests, this.root, this.#selection)
    const allSkipped = tests.every(({ verdict }) => verdict === 'skipped')
    const report = this.#report({
      outcome,
      tests,
      ...(coverage === undefined ? {} : { coverage }),
      problems: [
        ...reported.flatMap((one) => one.problems),
        ...unhandled.map((error) => problemOf(error, this.root)),
        ...(run.interrupted ? [INTERRUPTED] : []),
        ...(coverage === undefined || allSkipped ? [] : coverageProblems(coverage)),
        ...waivers.filter(({ expired }) => expired).map((waiver) => expiryOf(waiver, expectations)),
      ],
      ...(notes.length === 0 ? {} : { notes }),
      files: Object.fromEntries(
        modules.map((module) => [fileOf(module, this.root), this.#fileReport(module)] as const),
      ),
    })
    return hasCause(report) ? report : { ...report, problems: [this.#causeOf(report, modules)] }
  }

  #causeOf({ tests }: RunReport, modules: readonly TestModule[]): ReportedProblem {
    if (this.#files > 0 && modules.length === 0) return NOT_STARTED
    if (tests.length === 0) return NO_TESTS
    return tests.every(({ verdict }) => verdict === 'skipped') ? NOTHING_JUDGED : UNEXPLAINED
  }

  /** The file's environment, as its first test recorded it, with the file's evidence. */
  #fileReport(module: TestModule): FileReport {
    const environments = [...module.children.allTests()].flatMap(
      (test) => test.meta().claimcheck?.environment ?? [],
    )
    const { evidence = {}, sku, nodes, inputs } = module.meta().claimcheckFile ?? {}
    return {
      ...(environments[0] ?? { target: this.#target }),
      ...(sku === undefined ? {} : { profile: sku }),
      ...(nodes === undefined ? {} : { nodes }),
      ...(inputs === undefined ? {} : { inputs }),
      evidence,
    }
  }

  #report(
    parts: Pick<RunReport, 'outcome' | 'tests' | 'problems' | 'files' | 'notes' | 'coverage'>,
  ): RunReport {
    return {
      schema: RESULTS_SCHEMA,
      tool: { name: 'claimcheck', version: VERSION },
      run: this.#id,
      startedAt: this.#startedAt.toISOString(),
      finishedAt: new Date().toISOString(),
      target: this.#target,
      host: { platform: process.platform, cpus: availableParallelism(), node: process.versions.node },
      ...parts,
    }
  }
}

function expiryOf(waiver: Waiver, expectations: readonly Expectation[]): ReportedProblem {
  const matching = expectations.filter((one) => one.waiver?.at === waiver.at)
  const unmet = matching.filter(({ verdict }) => verdict !== 'passed')
  const [found, hint] =
    matching.length === 0
      ? ['no expectation of this run matches it', 'Remove the waiver, or extend it.']
      : unmet.length === 0
        ? ['the expectation passes now', 'Remove the waiver.']
        : [`the expectation is still ${unmet[0]?.verdict}`, 'Repair the hardware, or extend the waiver.']
  return {
    code: 'WAIVER_EXPIRED',
    subject: waiver.at,
    message: `${waiver.at} expired on ${waiver.until}: "${waiver.statement}"; ${found}. ${hint}`,
    hint,
  }
}

/** A report that is not green must contain a test or a problem that explains why. */
const hasCause = (report: RunReport): boolean =>
  isGreen(report) || report.problems.length > 0 || report.tests.some(({ verdict }) => !isAccepted(verdict))
