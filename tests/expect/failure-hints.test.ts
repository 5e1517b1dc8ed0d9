/** The hints that the real suite prints for a broken ratio, on racks with a known fault. */
import { expect, test } from 'vitest'
import { rackFile } from '../support/rack-file.ts'
import { runSuite } from '../support/run-suite.ts'

const reasonsOf = async (faults: readonly string[], edit?: (text: string) => string): Promise<string> => {
  const rack = rackFile({ faults, ...(edit === undefined ? {} : { edit }) })
  const run = await runSuite('suites/numa/kv-transfer.test.ts', {
    CLAIMCHECK_RUNTIME: 'model',
    CLAIMCHECK_RACK: rack,
  })
  const ratio = run.report?.tests.find(({ name }) => name.includes('at least 1.3x'))?.expectations[0]
  expect(ratio?.verdict, run.output).toBe('failed')
  return ratio?.reasons.join('\n') ?? ''
}

test('a NIC on another NUMA node than published is recognized by the rate of its path', async () => {
  const reasons = await reasonsOf(['{ kind: numa-moved, node: node-a, nic: mlx5_1, numaNode: 1 }'])
  expect(reasons).toMatch(/node-a\/mlx5_1 is as fast as a path of unaligned.*another NUMA node/)
})

test('arms that are equally fast are reported as such', async () => {
  const reasons = await reasonsOf([], (text) => text.replace('factor: 0.705', 'factor: 1'))
  expect(reasons).toMatch(
    /A path of aligned is as fast as one of unaligned.*interconnect between NUMA nodes has no cost/,
  )
})

test('a slow NIC on the right NUMA node gets no hint about NUMA nodes', async () => {
  const reasons = await reasonsOf(['{ kind: nic-slow, node: node-a, nic: mlx5_1, fraction: 0.5 }'])
  expect(reasons).toContain('node-a/mlx5_1 is slow')
  expect(reasons).not.toContain('NUMA')
})
