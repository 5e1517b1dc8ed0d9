import { join } from 'node:path'
import { configDefaults, defineConfig } from 'vitest/config'
import { keepCompiledModules } from '../harness/core/compile-cache.ts'
import { UnrunReporter } from './support/unrun-reporter.ts'

/** Tests that must run alone: their pods move bytes at the rates of a rack, or they look for leftovers on the machine. */
const ALONE = [
  'tests/suites/faults.test.ts',
  'tests/suites/*-process.test.ts',
  'tests/targets/emulated/process/*.test.ts',
  'tests/targets/contract/*.test.ts',
  'tests/certificate/process.test.ts',
  'tests/vitest/interrupt.test.ts',
  'tests/cli/sweep.test.ts',
]
const NEVER = [
  ...configDefaults.exclude,
  'tests/**/*.lab.test.ts',
  'tests/**/*.verbs.test.ts',
  'tests/**/*.vm-lab.test.ts',
  'tests/.tmp/**',
]
const patience = { testTimeout: 300_000, hookTimeout: 600_000 }

// Most tests start claimcheck or Vitest many times.
keepCompiledModules(process.env)

export default defineConfig({
  root: join(import.meta.dirname, '..'),
  test: {
    reporters: ['default', new UnrunReporter()],
    projects: [
      {
        test: {
          ...patience,
          name: 'together',
          include: ['tests/**/*.test.ts'],
          exclude: [...NEVER, ...ALONE],
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...patience,
          name: 'alone',
          include: ALONE,
          exclude: NEVER,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})
