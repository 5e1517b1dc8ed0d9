/** Real pods, real bytes, real noise: whatever the run came to, every verdict of its certificate comes out again. */
import { expect, test } from 'vitest'
import { verifyCertificate } from '../../harness/certificate/verify-certificate.ts'
import { genuineRun } from './genuine.ts'

test('a run of the process runtime', { timeout: 600_000 }, async () => {
  const { certificate, output } = await genuineRun({ env: { CLAIMCHECK_RUNTIME: 'process' } })
  expect(certificate.emulation?.runtime, output).toBe('process')
  const verified = await verifyCertificate(certificate)
  expect(verified.length).toBeGreaterThanOrEqual(18)
  expect(verified.filter(({ faults }) => faults.length > 0)).toEqual([])
  expect(Object.keys(certificate.fingerprint.libraries)).toContain('ucx')
})
