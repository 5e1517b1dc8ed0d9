import { expect, test } from 'vitest'
import { InlineProject } from './inline-project.ts'

const verdicts = `
  import { AssertionError } from 'node:assert'
  import { describe, test } from 'vitest'
  import { ClaimcheckError } from '${new URL('../../harness/core/errors.ts', import.meta.url).pathname}'
  import { expectation, recordEnvironment, recordEvidence, recordExpectation, throwRecorded } from './evidence.ts'
  const emulation = { runtime: 'process', scale: 200, rack: 'h100-2node', faults: ['nic-slow'] }

  test('a passed expectation', ({ task }) => {
    recordEnvironment(task, { target: 'emulated', sku: 'h100x8', emulation })
    recordExpectation(task, expectation('passed'))
    recordEvidence(task.file, 'kv', { rounds: [1, 2, 3] })
  })
  test('a plain one', ({ expect }) => { expect(1).toBe(1) })
  describe('of a suite', () => {
    test('a failed expectation', ({ task }) =>
      throwRecorded(task, 'failed', { measured: '1.1x', reasons: ['node-a/mlx5_2 is slow.'] }))
    test('an inconclusive expectation', ({ task }) =>
      throwRecorded(task, 'inconclusive', { reasons: ['the rounds scatter'] }))
    test('a broken expectation that the test swallowed', ({ task }) => recordExpectation(task, expectation('failed')))
  })
  test('a stock matcher', ({ expect }) => { expect(1).toBe(2) })
  test('a thrown error of ours', () => {
    throw new ClaimcheckError('CLAIM_UNSATISFIABLE', { subject: 'claim a', problem: 'has no node', hint: 'Free one.' })
  })
  test('any other error', () => { throw new TypeError('x is no function') })
  test('a skip', ({ skip }) => skip('no second node'))
  test.skip('a marked skip', () => {})
  test.todo('one to be written')
  let attempt = 0
  test('one that passes when tried again', { retry: 1 }, ({ expect }) => { expect(++attempt).toBe(2) })
  test('a recorded failure and a better second try', { retry: 1 }, ({ task, expect }) => {
    recordExpectation(task, expectation(task.result?.retryCount ? 'passed' : 'failed'))
    if (!task.result?.retryCount) expect.fail('first try')
  })
`

test('every kind of outcome is reported in the terminal, in JUnit and in results.json', async () => {
  using project = new InlineProject({ 'verdicts.test.ts': verdicts })
  const run = await project.run()
  expect(run.code).toBe(1)
  expect(run.stdout.replace(/in \d+\.\d s/, 'in N s')).toMatchSnapshot('terminal')
  expect(project.outcomes()).toMatchSnapshot('junit')
  const report = project.results()
  expect(report.tests.map(({ name, verdict }) => [name, verdict])).toMatchSnapshot('verdicts')
  expect(report.files).toMatchObject({
    'verdicts.test.ts': { sku: 'h100x8', evidence: { kv: { rounds: [1, 2, 3] } } },
  })
})

test('a run in which all tests pass or are skipped is green', async () => {
  using project = new InlineProject({
    'a.test.ts': `import { test } from 'vitest'
      test('one', () => {}); test('two', ({ skip }) => skip('no GPU here'))`,
  })
  const run = await project.run()
  expect(run).toMatchObject({ code: 0, stderr: '' })
  expect(project.outcomes()).toEqual(['one: passed', 'two: skipped no GPU here'])
})

test('a test that swallows a failed expectation fails the run, although Vitest reports it as passed', async () => {
  using project = new InlineProject({
    'a.test.ts': `import { test } from 'vitest'; import { expectation, recordExpectation } from './evidence.ts'
      test('one', ({ task }) => recordExpectation(task, expectation('failed')))`,
  })
  expect(await project.run()).toMatchObject({ code: 1 })
  expect(project.outcomes()).toEqual(['one: failure EXPECTATION_FAILED'])
})
