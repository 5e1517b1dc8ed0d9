/** The suites of the fabric and of paged caches on nodes of several shapes, in the model runtime. What a shape does not have is skipped with the reason. */
import { expect, test } from 'vitest'
import { rackFile } from '../support/rack-file.ts'
import { runSuite } from '../support/run-suite.ts'

const FIELD = 'tests/fixtures/field/racks'
const oneNic = (sku: string): string[] =>
  [0, 1].map((node) => `not compared: SKU ${sku} has no two NICs nearest to NUMA node ${node}`)
const shapes = [
  { rack: 'fixtures/racks/h100-2node.yaml', skips: [] },
  { rack: 'fixtures/racks/l40s-2-4-3-2node.yaml', skips: oneNic('l40s-2-4-3') },
  { rack: `${FIELD}/dgx-a100-nps4.rack.yaml`, skips: [] },
  { rack: `${FIELD}/gpus4-nics1.rack.yaml`, skips: oneNic('gpus4-nics1') },
  { rack: `${FIELD}/gpus2-nics3.rack.yaml`, skips: [] },
  { rack: `${FIELD}/gpus-only.rack.yaml`, skips: ['not compared: SKU gpus-only has no RDMA NIC'] },
  { rack: `${FIELD}/gpus0-nics1.rack.yaml`, skips: [] },
  { rack: `${FIELD}/nics-only.rack.yaml`, skips: ['not compared: SKU nics-only has no GPU'] },
]

test.for(shapes)('$rack', async ({ rack, skips }) => {
  const { report, output } = await runSuite(
    'suites/fabric',
    { CLAIMCHECK_RUNTIME: 'model', CLAIMCHECK_RACK: rack, CLAIMCHECK_COVERAGE: 'partial' },
    {},
    ['suites/kv-cache'],
  )
  const tests = report?.tests ?? []
  const bad = tests.filter(({ verdict }) => verdict !== 'passed' && verdict !== 'skipped')
  expect(bad, output).toEqual([])
  const nothing = tests.every(({ verdict }) => verdict === 'skipped')
  expect(
    report?.problems.map(({ code }) => code),
    output,
  ).toEqual(nothing ? ['NO_TESTS'] : [])
  expect([...new Set(tests.flatMap(({ skipReason = [] }) => skipReason))].sort()).toEqual(skips)
})

test.for([
  {
    fault: '{ kind: nic-slow, node: node-a, nic: mlx5_1, fraction: 0.5 }',
    failed: ['all bandwidth is at least 3.6x one'],
  },
])('$fault breaks a sentence', async ({ fault, failed }) => {
  const { report, output } = await runSuite('suites/fabric', {
    CLAIMCHECK_RUNTIME: 'model',
    CLAIMCHECK_RACK: rackFile({ faults: [fault] }),
  })
  const statements = (report?.tests ?? []).flatMap(({ expectations }) =>
    expectations.filter(({ verdict }) => verdict === 'failed').map(({ statement }) => statement),
  )
  expect(statements, output).toEqual(failed)
})
