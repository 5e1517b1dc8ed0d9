/** Real pods and real noise: whatever the verdict of the run, its certificate is confirmed. */
import { expect, test } from 'vitest'
import { verifyCertificate } from '../../harness/certificate/verify-certificate.ts'
import { genuineRun } from './genuine.ts'

test('a run of the process runtime', { timeout: 600_000 }, async () => {
  const { certificate, output } = await genuineRun({ env: { CLAIMCHECK_RUNTIME: 'process' } })
  expect(certificate.emulation?.runtime, output).toBe('process')
  const verified = await verifyCertificate(certificate)
  expect(verified.length).toBeGreaterThanOrEqual(18)
  expect(verified.filter(({ differences }) => differences.length > 0)).toEqual([])
  expect(Object.keys(certificate.fingerprint.libraries)).toContain('ucx')
})
