/** The Vitest configuration of a claimcheck suite, to be exported by `vitest.config.ts`. */
import { extname, join } from 'node:path'
import type { Plugin } from 'vite'
import { defineConfig, type ViteUserConfig } from 'vitest/config'
import { ClaimcheckError } from '../core/errors.ts'
import { ReportFolder } from '../report/report-folder.ts'
import GracefulCancel from './graceful-cancel.ts'
import { refuseOldNode } from './refuse-old-node.ts'
import ClaimcheckReporter, { settingsOrDefaults } from './reporter.ts'
import { RunInProgress } from './run-in-progress.ts'

/** Long enough for an expectation that needs the maximum of rounds. Waits inside a test have their own, shorter limits. */
const TEST_LIMIT_MS = 60 * 60_000

/** The path of another file of this folder, which is TypeScript in a clone and JavaScript in the installed package. */
const besides = (name: string): string => join(import.meta.dirname, `${name}${extname(import.meta.filename)}`)

export function defineSuites(include: readonly string[] = ['suites/**/*.test.ts']): ViteUserConfig {
  refuseOldNode()
  forgetEarlierRun()
  return defineConfig({
    plugins: [keepReporters()],
    test: {
      include: [...include],
      globalSetup: [besides('global-setup')],
      setupFiles: [besides('worker-setup')],
      reporters: [new GracefulCancel(), new ClaimcheckReporter()],
      // Evaluated anew for each test file, like the suite that imports them.
      server: { deps: { inline: [/\/claimcheck\/dist\//] } },
      // All files test the same hardware, so they run one after the other.
      fileParallelism: false,
      isolate: false,
      testTimeout: TEST_LIMIT_MS,
      hookTimeout: TEST_LIMIT_MS,
      // For annotations in a pull request.
      includeTaskLocation: true,
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
 * Adds claimcheck's reporter to a run whose command line or configuration names other reporters, so that its files are always
 * written. The other reporters print the tests.
 */
const keepReporters = (): Plugin => ({
  name: 'claimcheck:reporters',
  configureVitest({ vitest: { config } }) {
    const isOurs = (one: unknown): boolean => one instanceof ClaimcheckReporter
    if (config.reporters.some(isOurs)) return
    config.reporters.push(
      new GracefulCancel(),
      new ClaimcheckReporter({ ...settingsOrDefaults(process.env), prints: 'end' }),
    )
  },
})

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
