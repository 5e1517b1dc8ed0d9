/**
 * The Vitest reporter: prints each test when it ends, and writes all reports when the run ends. Until then, the report folder
 * states that the run has not finished, so that an interrupted run never reads as green.
 */
import type { SerializedError, TestArtifact } from 'vitest'
import { formatCtrf } from '../report/ctrf.ts'
import { END_OF_GROUP, startOfGroup, withoutCommands } from '../report/github/workflow-commands.ts'
import { formatOpenMetrics } from '../report/open-metrics.ts'
import { reportToWorkflow, workflowIn, type Workflow } from './github-actions.ts'
import type { Reporter, TestCase, TestModule, TestRunEndReason, Vitest } from 'vitest/node'
import { writeCertificate } from '../certificate/write-certificate.ts'
import { printable, printableIn, writerTo } from '../core/terminal.ts'
import { readSettings, type ReportFormat, type Settings } from '../core/variables.ts'
import {
  isGreen,
  type Environment,
  type ReportedProblem,
  type RunReport,
  type TestReport,
} from '../report/run-report.ts'
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
  /** Further files of the run. */
  readonly formats?: readonly ReportFormat[]
  /** `end`: only the verdict of the run is printed, for runs whose tests another reporter prints. Default: `all`. */
  readonly prints?: 'all' | 'end'
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
  readonly #printsTests: boolean
  readonly #formats: readonly ReportFormat[]
  readonly #workflow: Workflow | undefined = workflowIn(process.env)
  /** Of each test, by `keyOf`. */
  readonly #declaredAt = new Map<string, number | undefined>()
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
    this.#printsTests = options.prints !== 'end'
    this.#formats = options.formats ?? []
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
    if (this.#printsTests) this.#print(formatStart(this.#run.unfinished(), this.#style))
  }

  onTestCaseReady(test: TestCase): void {
    if (this.#printsTests) this.#progress.say(test.name)
  }

  onTestCaseArtifactRecord(_: TestCase, artifact: TestArtifact): void {
    if (this.#printsTests && artifact.type === 'claimcheck:progress') this.#progress.show(artifact.progress)
  }

  onUserConsoleLog({ content }: { readonly content: string }): void {
    if (this.#printsTests) this.#print([printable(content.replace(/\n$/, ''))])
  }

  onTestCaseResult(test: TestCase): void {
    if (isSettled(test)) this.#printTest(test, false)
  }

  onTestModuleStart(module: TestModule): void {
    if (this.#printsTests) this.#command(startOfGroup(fileOf(module, this.#run.root)))
  }

  onTestModuleEnd(module: TestModule): void {
    for (const test of module.children.allTests()) this.#printTest(test, false)
    if (this.#printsTests) this.#command(END_OF_GROUP)
  }

  async onTestRunEnd(
    modules: readonly TestModule[],
    unhandled: readonly SerializedError[],
    reason: TestRunEndReason,
  ): Promise<void> {
    for (const module of modules)
      for (const test of module.children.allTests()) {
        this.#printTest(test, reason === 'interrupted')
        const report = reportTest(test, { root: this.#run.root, interrupted: false })
        this.#declaredAt.set(keyOf(report), test.location?.line)
      }
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
    if (!this.#printsTests || this.#printed.has(test.id)) return
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
    if (this.#formats.includes('ctrf')) this.#folder.add('ctrf.json', formatCtrf(report))
    if (this.#formats.includes('metrics')) this.#folder.add('metrics.prom', formatOpenMetrics(report))
    this.#print([
      `  ${this.#folder.path}/junit.xml and results.json`,
      `  ${writeCertificate(report, this.#folder, this.#signKey)}`,
    ])
    if (this.#workflow === undefined) return
    const lineOf = (test: TestReport): number | undefined => this.#declaredAt.get(keyOf(test))
    for (const line of reportToWorkflow(this.#workflow, report, { root: this.#run.root, lineOf }))
      this.#command(line)
  }

  /** Writes a command for the runner of GitHub Actions; nothing elsewhere. */
  #command(line: string): void {
    if (this.#workflow === undefined) return
    this.#progress.clear()
    writerTo(this.#output).write(`${line}\n`)
  }

  #print(lines: readonly string[]): void {
    this.#progress.clear()
    const safe =
      this.#workflow === undefined ? lines : lines.flatMap((line) => line.split('\n')).map(withoutCommands)
    for (const line of safe) writerTo(this.#output).styledLine(line)
  }

  get #style(): Style {
    const { isTTY = false } = this.#output
    return { width: widthOf(this.#output), colour: isTTY && (process.env['NO_COLOR'] ?? '') === '' }
  }
}

const keyOf = ({ file, suite, name }: TestReport): string => [file, ...suite, name].join(' > ')

/** Invalid variables are reported by the global set-up; here they fall back to defaults, so that this error is reported too. */
export function settingsOrDefaults(env: NodeJS.ProcessEnv): ReporterOptions {
  const { CLAIMCHECK_REPORT_DIR: reportDir, CLAIMCHECK_TARGET: target, CLAIMCHECK_SIGN_KEY: signKey } = env
  const { CLAIMCHECK_COVERAGE: coverage, CLAIMCHECK_FORMATS: formats = '' } = env
  const defaults = readSettings({})
  return {
    reportDir: reportDir || defaults.reportDir,
    target: target || defaults.target,
    signKey: signKey || undefined,
    formats: formats.split(',').filter((one) => one === 'ctrf' || one === 'metrics'),
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
