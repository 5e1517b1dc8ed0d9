/** Refuses arms of a comparison that no assertion of their test file reads: they cost time in every round and decide nothing. */
import { afterAll, type RunnerTestFile, type RunnerTestSuite } from 'vitest'
import { ClaimcheckError } from '../core/errors.ts'
import type { Comparison } from '../measure/comparison.ts'

/**
 * After the tests of the suite around the declaration, and where all of them passed: throws EXPECTATION_INVALID for arms that no
 * assertion named. A run in which a test was filtered out, skipped or not passed may have left out assertions, and is not checked.
 */
export function refuseUncomparedArms(
  declared: { readonly name: string; readonly arms: object },
  comparison: () => Comparison | undefined,
): void {
  afterAll(({}, suite) => {
    const measured = comparison()
    if (measured === undefined || !allPassed(suite)) return
    const idle = Object.keys(declared.arms).filter((name) => !measured.judged.has(name))
    if (idle.length === 0) return
    throw new ClaimcheckError('EXPECTATION_INVALID', {
      subject: `comparison "${declared.name}"`,
      problem: `measures ${idle.length === 1 ? 'an arm' : 'arms'} that no test compares: ${idle.join(', ')}`,
      hint: 'Remove the arm from the declaration, or expect something of it.',
    })
  })
}

const allPassed = (suite: Readonly<RunnerTestSuite | RunnerTestFile>): boolean =>
  suite.tasks.every((task) => (task.type === 'suite' ? allPassed(task) : task.result?.state === 'pass'))
