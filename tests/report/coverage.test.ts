/** What a run covers, of all under test, and which coverage keeps a run from passing. */
import { expect, test } from 'vitest'
import { NOTHING_COVERED } from '../../harness/measure/covered.ts'
import { coverageFault, coverageOf, describeCoverage } from '../../harness/report/coverage.ts'

const inventory = {
  nodes: ['node-a', 'node-b', 'node-c'],
  gpus: ['node-a/gpu-0', 'node-b/gpu-0', 'node-c/gpu-0'],
  nics: ['node-a/mlx5_0', 'node-b/mlx5_0', 'node-c/mlx5_0'],
  leftOut: [{ what: 'node-c', why: 'cordoned' }],
}
const covered = {
  ...NOTHING_COVERED,
  nodes: ['node-a', 'node-b'],
  gpus: ['node-a/gpu-0', 'node-b/gpu-0'],
  nics: ['node-a/mlx5_0', 'node-b/mlx5_0'],
  paths: ['node-a/gpu-0 - mlx5_0', 'node-b/gpu-0 - mlx5_0'],
}
const whole = {
  required: 'full',
  kinds: ['between nodes'],
  transfers: 6,
  leftOut: [],
  inventories: [inventory],
  covered: [covered],
} as const

test('a node that was left out is missing, and a run that must cover all of them is inconclusive', () => {
  const coverage = coverageOf(whole)
  expect(describeCoverage(coverage)).toBe('covers 2 of 3 nodes, 2 of 3 GPUs, 2 of 3 NICs, 2 GPU-NIC paths')
  expect(coverage.leftOut).toEqual([{ what: 'node-c', why: 'cordoned' }])
  expect(coverageFault(coverage)).toEqual({
    code: 'COVERAGE_PARTIAL',
    problem:
      'covers 2 of 3 nodes, 2 of 3 GPUs, 2 of 3 NICs, 2 GPU-NIC paths; missing: node-c, node-c/gpu-0, node-c/mlx5_0',
  })
})

test('partial coverage passes where no more is required', () => {
  expect(coverageFault(coverageOf({ ...whole, required: 'partial' }))).toBeUndefined()
})

test.for(['full', 'partial'] as const)('a run that measured nothing is never passed: %s', (required) => {
  const coverage = coverageOf({ ...whole, required, transfers: 0, covered: [] })
  expect(coverageFault(coverage)?.code).toBe('NOTHING_MEASURED')
})

test('transfers within a node need no NIC, and tests without transfers cover nothing', () => {
  const { nics: _, ...others } = inventory
  const links = {
    ...whole,
    kinds: ['between GPUs'],
    inventories: [{ ...others, nics: ['node-a/mlx5_0'] }],
  } as const
  expect(describeCoverage(coverageOf(links))).toBe('covers 2 of 3 nodes, 2 of 3 GPUs, 2 GPU-NIC paths')
  const none = coverageOf({ ...whole, kinds: [], transfers: 0, covered: [] })
  expect(coverageFault(none)).toBeUndefined()
  expect(describeCoverage(none)).toBe('covers no device by a transfer: the tests of this run measure none')
})
