/**
 * The Vitest reporter: prints each test when it ends, and writes all reports when the run ends. Until then, the report folder
 * states that the run has not finished, so that an interrupted run never reads as green.
 */
import type { SerializedError, TestArtifact } from 'vitest'
import type { Reporter, TestCase, TestModule, TestRunEndReason, Vitest } from 'vitest/node'
import { writeCertificate } from '../certificate/write-certificate.ts'
import { printable, printableIn, writerTo } from '../core/terminal.ts'
import { readSettings, type Settings } from '../core/variables.ts'
import { isGreen, type Environment, type ReportedProblem, type RunReport } from '../report/run-report.ts'
import { ReportFolder } from '../report/report-folder.ts'
import { formatEnd, formatStart, type Style } from '../report/terminal.ts'
import { TestLines } from '../report/test-lines.ts'
import { ProgressLine, widthOf, type Output } from './progress-line.ts'
import { fileOf, isSettled, reportTest } from './report-test-case.ts'
import { RunInProgress } from './run-in-progress.ts'
import { problemOf } from './thrown-error.ts'

export interface ReporterOptions {
  readonly reportDir: string
  readonly target: string
  /** The private key that signs the certificate. */
  readonly signKey?: string | undefined
  /** What the run must have covered to pass; undefined: the default of its suites. */
  readonly coverage?: Settings['coverage']
  /** Default: stdout. */
  readonly output?: Output
}

export default class ClaimcheckReporter implements Reporter {
  readonly #folder: ReportFolder
  readonly #output: Output
  readonly #progress: ProgressLine
  readonly #target: string
  readonly #signKey: string | undefined
  readonly #coverage: Settings['coverage']
  readonly #printed = new Set<string>()
  readonly #lines = new TestLines()
  readonly #environments = new Map<string, Environment>()
  #run: RunInProgress
  /** Reports the error that prevented the tests of this run from being started. */
  #explain: ((problem: ReportedProblem) => void) | undefined

  constructor(options: ReporterOptions = settingsOrDefaults(process.env)) {
    this.#folder = new ReportFolder(options.reportDir)
    this.#output = options.output ?? process.stdout
    this.#progress = new ProgressLine(this.#output)
    this.#target = options.target
    this.#signKey = options.signKey
    this.#coverage = options.coverage
    this.#run = new RunInProgress(process.cwd(), options.target)
  }

  /** Throws REPORT_UNWRITABLE, so that nothing is measured that cannot be reported. */
  onInit(vitest: Vitest): void {
    const { root, testNamePattern, tagsFilter } = vitest.config
    const filters = [testNamePattern?.source, ...(tagsFilter ?? [])].filter((one) => one !== undefined)
    this.#run = new RunInProgress(root, this.#target, {
      required: this.#coverage,
      ...(filters.length === 0 ? {} : { filter: filters.join(', ') }),
    })
    this.#folder.begin(this.#run.unfinished())
    // Vitest reports the error of a failed global set-up only to its logger, not to reporters.
    const print = vitest.logger.printError.bind(vitest.logger)
    vitest.logger.printError = (error, options) => {
      if (this.#explain === undefined) return print(error, options)
      this.#explain(problemOf(error as SerializedError, vitest.config.root))
    }
  }

  onTestRunStart(specifications: readonly unknown[]): void {
    this.#run.expectFiles(specifications.length)
    this.#print(formatStart(this.#run.unfinished(), this.#style))
  }

  onTestCaseReady(test: TestCase): void {
    this.#progress.say(test.name)
  }

  onTestCaseArtifactRecord(_: TestCase, artifact: TestArtifact): void {
    if (artifact.type === 'claimcheck:progress') this.#progress.show(artifact.progress)
  }

  onUserConsoleLog({ content }: { readonly content: string }): void {
    this.#print([printable(content.replace(/\n$/, ''))])
  }

  onTestCaseResult(test: TestCase): void {
    if (isSettled(test)) this.#printTest(test, false)
  }

  onTestModuleEnd(module: TestModule): void {
    for (const test of module.children.allTests()) this.#printTest(test, false)
  }

  async onTestRunEnd(
    modules: readonly TestModule[],
    unhandled: readonly SerializedError[],
    reason: TestRunEndReason,
  ): Promise<void> {
    for (const module of modules)
      for (const test of module.children.allTests()) this.#printTest(test, reason === 'interrupted')
    this.#print(this.#lines.end(this.#style))
    const report = this.#run.finished(modules, unhandled, reason)
    const explained = !this.#run.startedNoTest(modules, unhandled, reason)
    if (explained) this.#finish(report)
    else this.#folder.finish(report)
    const pageOf = await loadPageWriter()
    const writePage = (report: RunReport): void => this.#print([`  ${pageOf(report, this.#folder.path)}`])
    if (explained) return writePage(report)
    this.#explain = (problem) => {
      this.#explain = undefined
      const whole = { ...report, problems: [problem] }
      this.#finish(whole)
      writePage(whole)
    }
  }

  #printTest(test: TestCase, interrupted: boolean): void {
    if (this.#printed.has(test.id)) return
    this.#printed.add(test.id)
    const { root } = this.#run
    const file = fileOf(test.module, root)
    const environment = test.meta().claimcheck?.environment ?? this.#environments.get(file)
    if (environment !== undefined) this.#environments.set(file, environment)
    const report = printableIn(reportTest(test, { root, interrupted }))
    this.#print(this.#lines.add(report, printableIn(environment ?? { target: this.#target }), this.#style))
  }

  #finish(report: RunReport): void {
    this.#print(formatEnd(printableIn(report), this.#style))
    if (!isGreen(report)) process.exitCode ||= 1
    this.#folder.finish(report)
    this.#print([
      `  ${this.#folder.path}/junit.xml and results.json`,
      `  ${writeCertificate(report, this.#folder, this.#signKey)}`,
    ])
  }

  #print(lines: readonly string[]): void {
    this.#progress.clear()
    for (const line of lines) writerTo(this.#output).styledLine(line)
  }

  get #style(): Style {
    const { isTTY = false } = this.#output
    return { width: widthOf(this.#output), colour: isTTY && (process.env['NO_COLOR'] ?? '') === '' }
  }
}

/** Invalid variables are reported by the global set-up; here they fall back to defaults, so that this error is reported too. */
export function settingsOrDefaults(env: NodeJS.ProcessEnv): ReporterOptions {
  const { CLAIMCHECK_REPORT_DIR: reportDir, CLAIMCHECK_TARGET: target, CLAIMCHECK_SIGN_KEY: signKey } = env
  const { CLAIMCHECK_COVERAGE: coverage } = env
  const defaults = readSettings({})
  return {
    reportDir: reportDir || defaults.reportDir,
    target: target || defaults.target,
    signKey: signKey || undefined,
    coverage: coverage === 'full' || coverage === 'partial' ? coverage : undefined,
  }
}

/** Plots are loaded when the run has ended. With `--configLoader runner`, Vite loads nothing then: the run goes without a page. */
async function loadPageWriter(): Promise<(report: RunReport, folder: string) => string> {
  try {
    const { writeRunPage } = await import('./write-run-page.ts')
    return writeRunPage
  } catch (error) {
    return () => `no index.html: ${error instanceof Error ? error.message : String(error)}`
  }
}
