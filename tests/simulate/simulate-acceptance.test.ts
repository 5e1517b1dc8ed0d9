/** A simulated acceptance has the same verdicts as the suite itself on the same rack. */
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { rackFile } from '../support/rack-file.ts'
import { PROJECT, runSuite } from '../support/run-suite.ts'

test.for([
  { rack: 'without a fault', faults: [], verdict: 'passed' },
  {
    rack: 'with a slow NIC',
    faults: ['{ kind: nic-slow, node: node-b, nic: mlx5_2, fraction: 0.5 }'],
    verdict: 'failed',
  },
  {
    rack: 'with a NIC published wrongly',
    faults: ['{ kind: numa-misreport, node: node-a, nic: mlx5_4, numaNode: 0 }'],
    verdict: 'failed',
  },
  {
    rack: 'with a dead link',
    faults: ['{ kind: link-cut, node: node-a, nic: mlx5_3, afterBytes: 3 GiB }'],
    verdict: 'failed',
  },
])('a rack $rack: test by test the same verdicts', async ({ faults, verdict }) => {
  const rack = rackFile({ faults })
  const simulated = await execa(process.execPath, [join(import.meta.dirname, 'one-acceptance.ts'), rack], {
    cwd: PROJECT,
  })
  const real = await runSuite('suites/numa', { CLAIMCHECK_RUNTIME: 'model', CLAIMCHECK_RACK: rack })
  const verdicts = Object.fromEntries(
    (real.report?.tests ?? []).map((one) => [[...one.suite, one.name].join(' > '), one.verdict]),
  )
  expect(Object.keys(verdicts).length).toBeGreaterThan(10)
  expect(JSON.parse(simulated.stdout)).toEqual({ verdict, tests: verdicts })
})
