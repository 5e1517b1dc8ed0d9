/** Runs suites through Vitest in a process of their own, as `npx vitest run` does, and returns where their results are. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { ClaimcheckError } from '../../core/errors.ts'

export interface SuiteRun {
  readonly paths: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly reportDir: string
  readonly rounds: number
}

/** Its output appears on this process's. Throws BASELINE_REFUSED for a run that did not end. */
export async function runSuites({ paths, env, reportDir, rounds }: SuiteRun): Promise<string> {
  const vitest = join(dirname(fileURLToPath(import.meta.resolve('vitest/package.json'))), 'vitest.mjs')
  const child = execa(process.execPath, [vitest, 'run', ...paths], {
    env: { ...env, CLAIMCHECK_REPORT_DIR: reportDir, CLAIMCHECK_ROUNDS: String(rounds) },
    stdio: ['ignore', 'inherit', 'inherit'],
    reject: false,
  })
  // Ctrl-C reaches the whole process group; the suites release what they created, and then this process ends.
  const wait = (): void => undefined
  const pass = (): void => void child.kill('SIGTERM')
  process.on('SIGINT', wait).on('SIGTERM', pass)
  try {
    const { signal } = await child
    const results = join(reportDir, 'results.json')
    if (signal === undefined && existsSync(results)) return results
    throw new ClaimcheckError('BASELINE_REFUSED', {
      subject: `the run of ${paths.join(' ')}`,
      problem: signal === undefined ? 'wrote no results.json' : `was ended by ${signal}`,
      hint: 'Read its output above, then run it again.',
    })
  } finally {
    process.off('SIGINT', wait).off('SIGTERM', pass)
  }
}
