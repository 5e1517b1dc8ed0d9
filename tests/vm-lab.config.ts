/**
 * Configures the tests on a lab whose nodes are virtual machines. They take too long for every commit: `npm run test:vm-lab`, by
 * hand or at night.
 */
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { keepCompiledModules } from '../harness/core/compile-cache.ts'

keepCompiledModules(process.env)

export default defineConfig({
  root: join(import.meta.dirname, '..'),
  test: {
    include: ['tests/**/*.vm-lab.test.ts'],
    // An emulated processor takes minutes where a machine takes seconds.
    testTimeout: 7_200_000,
    hookTimeout: 1_800_000,
    maxWorkers: 1,
    fileParallelism: false,
  },
})
