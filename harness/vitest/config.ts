/** The Vitest configuration of a claimcheck suite, to be exported by `vitest.config.ts`. */
import { join } from 'node:path'
import { defineConfig, type ViteUserConfig } from 'vitest/config'
import { ClaimcheckError } from '../core/errors.ts'
import { ReportFolder } from '../report/report-folder.ts'
import GracefulCancel from './graceful-cancel.ts'
import ClaimcheckReporter, { settingsOrDefaults } from './reporter.ts'
import { RunInProgress } from './run-in-progress.ts'

/** Long enough for an expectation that needs the maximum of rounds. Waits inside a test have their own, shorter limits. */
const TEST_LIMIT_MS = 60 * 60_000

export function defineSuites(include: readonly string[] = ['suites/**/*.test.ts']): ViteUserConfig {
  forgetEarlierRun()
  return defineConfig({
    test: {
      include: [...include],
      globalSetup: [join(import.meta.dirname, 'global-setup.ts')],
      setupFiles: [join(import.meta.dirname, 'worker-setup.ts')],
      reporters: [new GracefulCancel(), new ClaimcheckReporter()],
      // All files test the same hardware, so they run one after the other.
      fileParallelism: false,
      isolate: false,
      testTimeout: TEST_LIMIT_MS,
      hookTimeout: TEST_LIMIT_MS,
      // Titles name placements, which Vitest would shorten to 40 characters.
      taskTitleValueFormatTruncate: 0,
      tags: [
        { name: 'warn', description: 'an expectation that fails is shown and does not fail the test' },
        { name: 'long', description: 'transfers take minutes rather than seconds' },
      ],
    },
  })
}

/**
 * Removes the reports of an earlier run before anything else can fail, so that a run that dies at once does not leave them.
 * `vitest list` runs nothing and keeps them.
 */
function forgetEarlierRun(): void {
  if (process.argv.includes('list')) return
  const { reportDir, target } = settingsOrDefaults(process.env)
  try {
    new ReportFolder(reportDir).begin(new RunInProgress(process.cwd(), target).unfinished())
  } catch (error) {
    // The reporter finds the same and reports it.
    if (!(error instanceof ClaimcheckError)) throw error
  }
}
