import { defineConfig } from 'vitest/config'
import { UnrunReporter } from './support/unrun-reporter.ts'

/** Tests that need real Kubernetes; one lab for all of them. */
export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: ['tests/**/*.lab.test.ts'],
    globalSetup: ['tests/support/lab-setup.ts'],
    reporters: ['default', new UnrunReporter()],
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 600_000,
  },
})
