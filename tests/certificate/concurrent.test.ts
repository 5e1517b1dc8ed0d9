/** Concurrent tests, `.not`, `expect.soft`, and limits that need more rounds: each verdict is recomputed from its own looks. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readCertificate } from '../../harness/certificate/read-certificate.ts'
import { verifyCertificate } from '../../harness/certificate/verify-certificate.ts'
import { PROJECT } from '../support/run-suite.ts'
import { InlineProject } from '../vitest/inline-project.ts'

const suite = `
  import { comparisonTest, describe, kvCacheBytes, sameGpus } from '${PROJECT}/harness/vitest/suite.ts'
  const test = comparisonTest({
    name: 'kv',
    arms: sameGpus({ gpus: 4, nics: 4, gpusOn: 0, alignedOn: 0, unalignedOn: 1 }),
    op: 'READ',
    size: kvCacheBytes({ layers: 32, promptTokens: 8192, kvHeads: 8, headDim: 128, dtypeBytes: 2 }),
  })
  describe.concurrent('At once', () => {
    test.for([1.3, 1.417, 1.418, 1.4184, 1.4188, 1.419, 1.42, 1.5])('by %d', async (by, { arms: { aligned, unaligned }, expect }) => {
      await expect(aligned).toOutperform(unaligned, { by, in: 'bandwidth' })
    })
    test('within and stable', async ({ arms: { aligned }, sku, expect }) => {
      await expect.soft(aligned).toBeWithin(sku.reference.aligned)
      await expect.soft(aligned).toBeStable(sku.reference.stability)
    })
    test('not', async ({ arms: { aligned, unaligned }, expect }) => {
      await expect(aligned).not.toOutperform(unaligned, { by: 2, in: 'bandwidth' })
    })
  })
`

test('a run of concurrent tests', async () => {
  using project = new InlineProject(
    { 'a.test.ts': suite },
    `globalSetup: ['${PROJECT}/harness/vitest/global-setup.ts'],`,
  )
  const { stdout } = await project.run([], {
    CLAIMCHECK_RUNTIME: 'model',
    CLAIMCHECK_RACK: join(PROJECT, 'fixtures/racks/h100-2node.yaml'),
  })
  expect(stdout).toContain('certificate.json, failed')
  const certificate = readCertificate(join(project.folder, 'reports/certificate.json'))
  const expectations = certificate.tests.flatMap((one) => one.expectations)
  expect(expectations).toHaveLength(12)
  expect(Math.max(...expectations.flatMap(({ basis }) => basis.seen))).toBeGreaterThan(3)
  expect(expectations.filter(({ basis }) => basis.not)).toHaveLength(1)
  const verified = await verifyCertificate(certificate)
  expect(verified.filter(({ differences }) => differences.length > 0)).toEqual([])
})
