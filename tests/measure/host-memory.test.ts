/** Comparisons with `memory: 'host'`: pods claim NICs and no GPU, and every figure states where the buffers were. */
import { test } from 'vitest'
import { runSuite } from '../support/run-suite.ts'
import { scratchSuite } from '../support/scratch-suite.ts'

const SUITE = `
  const arms = sameGpus({ gpus: 4, nics: 4, gpusOn: 0, alignedOn: 0, unalignedOn: 1 })
  const kv = comparisonTest({ name: 'host', arms, memory: 'host', op: 'WRITE', size: 2 ** 30 })
  kv('ratio', async ({ arms: { aligned, unaligned }, expect }) => {
    await expect(aligned).toOutperform(unaligned, { by: 1.3, in: 'bandwidth' })
    await expect(aligned).toArriveIntact()
    await expect(aligned).toCarryEqualShares()
  })
`

test('the fabric is measured from host memory of the arm', async ({ expect }) => {
  const args = scratchSuite(SUITE)
  const { report, output } = await runSuite('scratch.test.ts', { CLAIMCHECK_RUNTIME: 'model' }, {}, args)
  const [ratio, ...others] = report?.tests[0]?.expectations ?? []
  expect(ratio, output).toMatchObject({ verdict: 'passed', memory: 'host' })
  expect(others).toEqual([
    expect.objectContaining({ memory: 'host', verdict: 'passed' }),
    expect.objectContaining({ memory: 'host', verdict: 'passed' }),
  ])
  expect(output).toContain('host memory, EMULATED')
  const [comparison] = Object.values(report?.files ?? {}).flatMap(({ evidence }) => Object.values(evidence))
  expect(JSON.stringify(comparison)).toContain('"gpus":[]')
})
