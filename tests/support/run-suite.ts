/** Runs a suite as a user does, in a separate process, and reads its reports. */
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { execa, type Options } from 'execa'
import { runReportSchema, type RunReport } from '../../harness/report/run-report.ts'
import { temporaryFolder } from './rack-file.ts'

export const PROJECT = resolve(import.meta.dirname, '../..')

export interface SuiteRun {
  readonly exitCode: number | undefined
  readonly output: string
  readonly junit: string
  readonly report: RunReport | undefined
}

export async function runSuite(
  suite: string,
  variables: Readonly<Record<string, string>>,
  options: Options = {},
  args: readonly string[] = [],
): Promise<SuiteRun> {
  const reports = join(temporaryFolder(), 'reports')
  const run = await execa('node_modules/.bin/vitest', ['run', suite, ...args], {
    cwd: PROJECT,
    env: { ...variables, CLAIMCHECK_REPORT_DIR: reports, NO_COLOR: '1' },
    reject: false,
    all: true,
    timeout: 300_000,
    killSignal: 'SIGKILL',
    ...options,
  })
  const read = (name: string): string | undefined =>
    existsSync(join(reports, name)) ? readFileSync(join(reports, name), 'utf8') : undefined
  const results = read('results.json')
  return {
    exitCode: run.exitCode,
    output: String(run.all),
    junit: read('junit.xml') ?? '',
    report: results === undefined ? undefined : runReportSchema.parse(JSON.parse(results)),
  }
}

/** `suite > name` to verdict and codes, for comparing whole runs. */
export function verdictsOf(report: RunReport | undefined): Record<string, string> {
  return Object.fromEntries(
    (report?.tests ?? []).map((test) => {
      const codes = [
        ...new Set([
          ...test.expectations.flatMap(({ code }) => code ?? []),
          ...test.problems.map(({ code }) => code),
        ]),
      ]
      return [[...test.suite, test.name].join(' > '), [test.verdict, ...codes].join(' ')]
    }),
  )
}
