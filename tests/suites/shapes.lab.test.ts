/** A rack of another shape on real Kubernetes: discovered with a probe, and judged by the unchanged suite as in the model runtime. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readSettings } from '../../harness/core/variables.ts'
import { loadRack } from '../../harness/rack/rack.ts'
import { loadSku } from '../../harness/sku/sku.ts'
import { startLab, type Lab } from '../../harness/targets/lab/lab.ts'
import { claimcheck } from '../cli/claimcheck.ts'
import { temporaryFolder } from '../support/rack-file.ts'
import { retryWhenNoisy } from '../support/retry-when-noisy.ts'
import { PROJECT, runSuite, verdictsOf } from '../support/run-suite.ts'

/** 8 GPUs and 4 EFA without interfaces, on shared host bridges. */
const RACK = join(PROJECT, 'fixtures/racks/p4d-2node.yaml')
const name = `shapes-${process.pid}`
const env = { CLAIMCHECK_TARGET: 'lab', CLAIMCHECK_LAB: name, CLAIMCHECK_RACK: RACK }

let lab: Lab | undefined
beforeAll(async () => {
  lab = await startLab(loadRack(RACK), { cacheDir: readSettings({}).cacheDir, name })
})
afterAll(() => lab?.stop())

test('discover --probe reads from the node what drivers do not publish', async () => {
  const said = await claimcheck(['discover', '--probe'], env)
  expect(said).toMatchObject({ exitCode: 0 })
  const file = join(temporaryFolder(), 'sku.yaml')
  writeFileSync(file, said.stdout)
  const [found, known] = [loadSku(file), loadRack(RACK).sku]
  const gpus = (of: typeof found) => of.gpus.map(({ pciBusID, numaNode }) => [pciBusID, numaNode])
  const nics = (of: typeof found) => of.nics.map(({ pciAddress, numaNode }) => [pciAddress, numaNode])
  expect(gpus(found)).toEqual(gpus(known))
  expect(nics(found)).toEqual(nics(known))
})

test('the suite gives the verdicts of the model runtime', retryWhenNoisy(1), async () => {
  const real = await runSuite('suites/numa', env)
  const model = await runSuite('suites/numa', { CLAIMCHECK_RUNTIME: 'model', CLAIMCHECK_RACK: RACK })
  // No reference is known for this SKU, so that its bounds are inconclusive in both.
  expect(real.exitCode, real.output).toBe(model.exitCode)
  expect(real.report?.tests.filter(({ verdict }) => verdict === 'failed')).toEqual([])
  expect(Object.keys(verdictsOf(real.report)).toSorted()).toEqual(
    Object.keys(verdictsOf(model.report)).toSorted(),
  )
  expect(Object.values(verdictsOf(real.report))).toContain('passed')
})
