/** The GPU suite on machines without the GPUs it needs: it reports the reason and does not pass. */
import { expect, test } from 'vitest'
import { fakeSmi } from '../support/fake-smi.ts'
import { runSuite } from '../support/run-suite.ts'

const host = { CLAIMCHECK_TARGET: 'host', CLAIMCHECK_SKU: 'fixtures/skus/h200x2.yaml' }
const words = (text: string): string => text.replaceAll(/\s+/g, ' ')

test('on an emulated rack, which has no usable GPUs, every test is skipped, so the run is not green', async () => {
  const run = await runSuite('suites/gpu', { CLAIMCHECK_RUNTIME: 'model' })
  expect(run.exitCode, run.output).toBe(1)
  expect(run.report?.problems).toMatchObject([{ code: 'NO_TESTS' }])
  expect(new Set(run.report?.tests.map(({ verdict }) => verdict))).toEqual(new Set(['skipped']))
  expect(words(run.output)).toContain('an emulated rack has no usable GPUs')
})

test('on a machine without a GPU it fails and names what is missing', async () => {
  const run = await runSuite('suites/gpu/devices.test.ts', { ...host, PATH: process.env['PATH'] ?? '' })
  expect(run.exitCode).toBe(1)
  expect(words(run.output)).toContain('this machine has no NVIDIA driver: expected nvidia-smi on the PATH')
  expect(run.junit).toContain('<error type="TARGET_UNAVAILABLE"')
})

test('on a machine with fewer GPUs than the profile it names the missing ones', async () => {
  const folder = fakeSmi({ query: 'h200/query.csv' })
  const run = await runSuite('suites/gpu/devices.test.ts', {
    ...host,
    PATH: `${folder}:${process.env['PATH'] ?? ''}`,
  })
  expect(run.exitCode).toBe(1)
  expect(words(run.output)).toContain(
    'gpu-1 (0000:00:07.0): missing: expected published once, found not published',
  )
  expect(run.junit).toContain('<failure type="TOPOLOGY_MISMATCH"')
  expect(run.junit).toContain('<error type="CLAIM_UNSATISFIABLE"')
})
