import { defineConfig } from 'vitest/config'
import { UnrunReporter } from './support/unrun-reporter.ts'

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: ['tests/**/*.test.ts'],
    exclude: ['tests/**/*.lab.test.ts', 'tests/.tmp/**'],
    reporters: ['default', new UnrunReporter()],
    // Pods that share two cores with another test's pods have slower links than their rack says.
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 600_000,
  },
})
