/** A suite for a single test, run as a user runs one. It is removed after the test. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { PROJECT } from './run-suite.ts'

/** Returns the arguments for Vitest. The exports of `vitest/suite.ts` are imported for `text`. */
export function scratchSuite(text: string): readonly string[] {
  const scratch = join(PROJECT, 'tests/.tmp')
  mkdirSync(scratch, { recursive: true })
  const folder = mkdtempSync(join(scratch, 'suite-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const config = join(folder, 'vitest.config.ts')
  writeFileSync(
    config,
    `import { defineSuites } from '${PROJECT}/harness/vitest/config.ts'
     export default defineSuites(['*.test.ts'])`,
  )
  writeFileSync(
    join(folder, 'scratch.test.ts'),
    `import { podTest, comparisonTest, gpusWithNics, sameGpus, test } from '${PROJECT}/harness/vitest/suite.ts'
     ${text}`,
  )
  return ['--root', folder, '--config', config]
}
