/** What `npm run certify` simulates: how many acceptances of which racks, and where their faults are. */
import { expect, test } from 'vitest'
import { loadFaultCatalogue, withFaults } from '../../harness/rack/fault-catalogue.ts'
import { loadRack } from '../../harness/rack/rack.ts'
import { anywhere, hasPlace, withNodes } from '../../tools/faults/fault-anywhere.ts'
import {
  ACCEPTANCES_PER_BASELINE,
  HEALTHY,
  jobsOfCertification,
  type FaultJob,
} from '../../tools/faults/jobs.ts'
import { RACK } from '../../tools/faults/tally.ts'
import { PROJECT } from '../support/run-suite.ts'

const catalogue = loadFaultCatalogue()
const rack = loadRack(`${PROJECT}/${RACK}`)

const acceptancesIn = (jobs: readonly FaultJob[]): number =>
  jobs.reduce((sum, { seeds }) => sum + seeds.length, 0)

test.for([1000, 10_000])('%i acceptances, of which half are of healthy racks', (acceptances) => {
  const jobs = jobsOfCertification(catalogue, acceptances)
  const faultJobs = jobs.flatMap((job) => (job.group === 'baseline' ? [] : job))
  const baselines = jobs.length - faultJobs.length
  const total = acceptancesIn(faultJobs) + baselines * ACCEPTANCES_PER_BASELINE
  expect(Math.abs(total / acceptances - 1)).toBeLessThan(0.03)
  for (const group of ['declared', 'anywhere'] as const) {
    const own = faultJobs.filter((job) => job.group === group)
    const healthy = acceptancesIn(own.filter(({ name }) => name === HEALTHY))
    expect(Math.abs(healthy / acceptancesIn(own) - 0.5)).toBeLessThan(0.02)
  }
  const sizes = new Set(faultJobs.flatMap(({ group, nodes }) => (group === 'anywhere' ? nodes : [])))
  expect([...sizes].toSorted((a, b) => a - b)).toEqual([2, 3, 4, 6, 8, 12, 16])
})

test('a fault anywhere is valid on racks of every size, and reaches every node and NIC', () => {
  const seeds = Array.from({ length: 200 }, (_, i) => i + 1)
  const placed = catalogue.filter(hasPlace)
  expect(placed.length).toBeGreaterThan(40)
  for (const nodes of [2, 16]) {
    const larger = withNodes(rack, nodes)
    for (const { faults } of placed)
      for (const seed of seeds.slice(0, 10))
        withFaults(larger, { faults: faults.map((fault) => anywhere(fault, larger, seed)) })
    const slow = seeds.map((seed) =>
      anywhere({ kind: 'nic-slow', node: 'node-a', nic: 'mlx5_1', fraction: 0.5 }, larger, seed),
    )
    expect(new Set(slow.map((fault) => 'node' in fault && fault.node))).toEqual(new Set(larger.nodes))
    expect(new Set(slow.map((fault) => 'nic' in fault && fault.nic))).toEqual(
      new Set(rack.sku.nics.map(({ name }) => name)),
    )
  }
})
