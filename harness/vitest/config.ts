/**
 * The Vitest configuration of a claimcheck suite. Takes nothing; gives what `vitest.config.ts` exports.
 * Refuses an old Node here, since Vitest itself would start on it and break at the first failing test.
 */
import { defineConfig, type ViteUserConfig } from 'vitest/config'
import { requireNode } from '../core/node-version.ts'
import GracefulCancel from './graceful-cancel.ts'
import ClaimcheckReporter from './reporter.ts'

/** Long enough for an expectation that asks for every round it may have; waits inside have limits of their own. */
const TEST_LIMIT_MS = 60 * 60_000

export function defineSuites(include: readonly string[] = ['suites/**/*.test.ts']): ViteUserConfig {
  requireNode(process.versions.node)
  return defineConfig({
    test: {
      include: [...include],
      globalSetup: [new URL('global-setup.ts', import.meta.url).pathname],
      setupFiles: [new URL('worker-setup.ts', import.meta.url).pathname],
      reporters: [new GracefulCancel(), new ClaimcheckReporter()],
      // The hardware under test is one: files take turns.
      fileParallelism: false,
      isolate: false,
      testTimeout: TEST_LIMIT_MS,
      hookTimeout: TEST_LIMIT_MS,
      tags: [
        { name: 'warn', description: 'shown where it is not met, and does not gate' },
        { name: 'long', description: 'minutes rather than seconds of transfers' },
      ],
    },
  })
}
