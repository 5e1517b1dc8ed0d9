/** What is wrong with a suite is reported as the suite's: not as a fault of the hardware, and not as one of claimcheck. */
import { expect, test } from 'vitest'
import { runSuite } from '../support/run-suite.ts'
import { rackFile } from '../support/rack-file.ts'
import { scratchSuite } from '../support/scratch-suite.ts'
import { InlineProject } from './inline-project.ts'

const words = (text: string): string => text.replaceAll(/\s+/g, ' ')

test('a plain assertion fails as an assertion of the suite, with its place and no advice about devices', async () => {
  using project = new InlineProject({
    'a.test.ts': `import { expect, test } from 'vitest'
      test('one', () => { expect(1).toBe(2) })`,
  })
  const run = await project.run()
  expect(run.code).toBe(1)
  expect(project.outcomes()).toEqual(['one: failure ASSERTION_FAILED'])
  expect(run.stdout).toContain("ASSERTION_FAILED: an assertion of the suite's own failed")
  expect(run.stdout).toContain('a.test.ts:2:')
  expect(run.stdout).not.toMatch(/hardware|devices/)
})

test('an error of the suite is the suite', async () => {
  using project = new InlineProject({
    'a.test.ts': `import { test } from 'vitest'
      test('one', () => { undefined.size })`,
    'b.test.ts': `import { test } from 'vitest'
      throw new RangeError('too many nodes'); test('two', () => {})`,
  })
  const run = await project.run()
  expect(project.outcomes()).toEqual(['one: error SUITE_ERROR', 'the file: error SUITE_ERROR'])
  expect(run.stdout).toContain('SUITE_ERROR: the suite threw an error')
  expect(run.stdout).not.toContain('report it')
})

test('a misspelt matcher is named with the closest one', async () => {
  using project = new InlineProject({
    'a.test.ts': `import { expect, test } from 'vitest'
      test('one', async () => { await expect({}).toBeWithn({}) })
      test('two', async () => { await expect({}).toFly() })`,
  })
  const run = await project.run()
  expect(project.outcomes()).toEqual(['one: error SUITE_ERROR', 'two: error SUITE_ERROR'])
  expect(run.stdout).toContain('Did you mean toBeWithin?')
  expect(run.stdout.match(/Did you mean/g)).toHaveLength(1)
  expect(words(run.stdout)).toContain('The matchers of claimcheck are toOutperform')
})

test('an assertion without a reference does not end its test', async () => {
  const args = scratchSuite(`comparisonTest({
      name: 'small', arms: sameGpus({ gpus: 1, nics: 1, gpusOn: 0, alignedOn: 0, unalignedOn: 1 }),
      op: 'READ', size: 2 ** 26 })('both', async ({ arms: { aligned, unaligned }, reference, expect }) => {
        await expect(aligned).toBeWithin(reference.aligned)
        await expect(unaligned).toBeWithin(reference.unaligned)
        await expect(aligned).toArriveIntact()
      })`)
  const run = await runSuite(
    'scratch',
    { CLAIMCHECK_RUNTIME: 'model', CLAIMCHECK_RACK: rackFile() },
    {},
    args,
  )
  expect(run.exitCode).toBe(1)
  const [both] = run.report?.tests ?? []
  expect(both?.expectations.map(({ statement, verdict }) => [statement, verdict])).toEqual([
    ["aligned bandwidth lies within the SKU's bounds", 'inconclusive'],
    ["aligned mean latency lies within the SKU's bounds", 'inconclusive'],
    ["unaligned bandwidth lies within the SKU's bounds", 'inconclusive'],
    ["unaligned mean latency lies within the SKU's bounds", 'inconclusive'],
    ['aligned: bytes arrive intact', 'passed'],
  ])
  expect(both?.problems).toEqual([])
  expect(run.junit).toContain('<error type="NO_REFERENCE"')
})
