/**
 * The Vitest configuration of a claimcheck suite, to be exported by `vitest.config.ts`. It rejects an unsupported Node version
 * here, since Vitest would start on it and crash at the first failing test.
 */
import { defineConfig, type ViteUserConfig } from 'vitest/config'
import { requireNode } from '../core/node-version.ts'
import GracefulCancel from './graceful-cancel.ts'
import ClaimcheckReporter from './reporter.ts'

/** Long enough for an expectation that needs the maximum of rounds. Waits inside a test have their own, shorter limits. */
const TEST_LIMIT_MS = 60 * 60_000

export function defineSuites(include: readonly string[] = ['suites/**/*.test.ts']): ViteUserConfig {
  requireNode(process.versions.node)
  return defineConfig({
    test: {
      include: [...include],
      globalSetup: [new URL('global-setup.ts', import.meta.url).pathname],
      setupFiles: [new URL('worker-setup.ts', import.meta.url).pathname],
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
