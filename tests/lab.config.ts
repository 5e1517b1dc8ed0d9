/** Configures the tests that need real Kubernetes: each worker has a lab, and some tests run a control plane. */
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { configDefaults, defineConfig } from 'vitest/config'
import { ClaimcheckError } from '../harness/core/errors.ts'
import { docker } from '../harness/targets/lab/docker.ts'
import { LongestFirst } from './support/longest-first.ts'
import { UnrunReporter } from './support/unrun-reporter.ts'

const root = join(import.meta.dirname, '..')
/** The tests spend most of their time waiting for Kubernetes and for timeouts. */
const WORKERS = 4
const include = 'tests/**/*.lab.test.ts'
/** The suite's pods move bytes at the rates of a rack, which other tests would slow down. */
const ALONE = ['tests/suites/*.lab.test.ts', 'tests/targets/cluster/job.lab.test.ts']

/** The reason to skip the tests when Docker is missing. With LAB=required, as in CI, it rejects instead. */
async function skipReason(): Promise<string | undefined> {
  try {
    await docker()
    return undefined
  } catch (error) {
    if (!(error instanceof ClaimcheckError) || process.env['LAB'] === 'required') throw error
    return error.message
  }
}

export default defineConfig(async () => {
  const reason = await skipReason()
  if (reason !== undefined) {
    const files = globSync(include, { cwd: root }).length
    process.stdout.write(`Not run: ${files} files of tests that need real Kubernetes: ${reason}\n`)
    return { root, test: { include: [], passWithNoTests: true } }
  }
  const patience = { testTimeout: 300_000, hookTimeout: 600_000 }
  return {
    root,
    test: {
      sequence: { sequencer: LongestFirst },
      globalSetup: ['tests/support/lab-setup.ts'],
      reporters: ['default', new UnrunReporter()],
      maxWorkers: WORKERS,
      projects: [
        {
          test: {
            ...patience,
            name: 'waiting',
            include: [include],
            exclude: [...configDefaults.exclude, ...ALONE],
            maxWorkers: WORKERS,
            sequence: { groupOrder: 1 },
          },
        },
        {
          test: {
            ...patience,
            testTimeout: 1_500_000,
            name: 'alone',
            include: ALONE,
            maxWorkers: 1,
            sequence: { groupOrder: 2 },
          },
        },
      ],
    },
  }
})
