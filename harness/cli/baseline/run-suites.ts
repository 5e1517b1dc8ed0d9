/** Runs the suites of a baseline and returns where their results are. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ClaimcheckError } from '../../core/errors.ts'
import { ReportFolder } from '../../report/report-folder.ts'
import { runVitest } from '../vitest-process.ts'

export interface SuiteRun {
  readonly paths: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly reportDir: string
  readonly rounds: number
}

/** Its output appears on this process's. Throws REPORT_UNWRITABLE, and BASELINE_REFUSED for a run that did not end. */
export async function runSuites({ paths, env, reportDir, rounds }: SuiteRun): Promise<string> {
  // So that the results of an earlier run are not taken for those of this one.
  new ReportFolder(reportDir).clear()
  const { interrupted } = await runVitest({
    args: paths,
    env: { ...env, CLAIMCHECK_REPORT_DIR: reportDir, CLAIMCHECK_ROUNDS: String(rounds) },
  })
  const results = join(reportDir, 'results.json')
  if (!interrupted && existsSync(results)) return results
  throw new ClaimcheckError('BASELINE_REFUSED', {
    subject: `the run of ${paths.join(' ')}`,
    problem: interrupted ? 'was interrupted' : 'wrote no results.json',
    hint: 'Read its output above, then run it again.',
  })
}
