/** `claimcheck doctor` for target host, with recordings of nvidia-smi in place of GPUs. */
import { delimiter } from 'node:path'
import { expect, test } from 'vitest'
import { fakeSmi } from '../support/fake-smi.ts'
import { claimcheck } from './claimcheck.ts'

const withGpu = () => ({
  CLAIMCHECK_TARGET: 'host',
  PATH: `${fakeSmi({ query: 'h200/query.csv' })}${delimiter}${process.env['PATH'] ?? ''}`,
})

test('names the GPUs of this machine, and what differs from the profile', async () => {
  const env = withGpu()
  const { stdout } = await claimcheck(['doctor'], env)
  expect(stdout).toContain('✓ the native binaries are available')
  expect(stdout).toContain('✓ driver gpu.nvidia.com publishes 1 GPUs on 1 nodes')
  expect(stdout).toContain('CLAIMCHECK_SKU is not set')
  const compared = await claimcheck(['doctor'], { ...env, CLAIMCHECK_SKU: 'h200x2' })
  expect(compared.exitCode).toBe(1)
  expect(compared.stdout).toMatch(/✗ .*: gpu-1 \(.*\) as in SKU h200x2: expected .*, found/)
})

test('says why there is none on a machine without a driver', async () => {
  const { exitCode, stdout } = await claimcheck(['doctor'], {
    CLAIMCHECK_TARGET: 'host',
    CLAIMCHECK_SKU: 'h200x2',
  })
  expect(exitCode).toBe(1)
  expect(stdout).toContain('✗ TARGET_UNAVAILABLE')
})
