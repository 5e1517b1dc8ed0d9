/** Every single slow path of a node is caught by suites/numa: of each of its GPUs, and of each of its NICs. */
import { globSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import type { CollectedTest } from '../../harness/simulate/collecting-suite.ts'
import { loadSuites } from '../../harness/simulate/load-suites.ts'
import { simulateAcceptance } from '../../harness/simulate/simulate-acceptance.ts'
import { loadRack } from '../../harness/rack/rack.ts'
import { rackFile } from '../support/rack-file.ts'
import { PROJECT } from '../support/run-suite.ts'

const { sku, nodes } = loadRack(`${PROJECT}/fixtures/racks/h100-2node.yaml`)
const faults = nodes.flatMap((node) => [
  ...sku.gpus.map(({ name }) => ({
    device: `${node}/${name}`,
    fault: `{ kind: gpu-path-slow, node: ${node}, gpu: ${name}, fraction: 0.8 }`,
  })),
  ...sku.nics.map(({ name }) => ({
    device: `${node}/${name}`,
    fault: `{ kind: nic-slow, node: ${node}, nic: ${name}, fraction: 0.8 }`,
  })),
])

let suites: readonly CollectedTest[]
beforeAll(async () => {
  const files = globSync('suites/numa/*.test.ts', { cwd: PROJECT }).sort()
  suites = await loadSuites(
    files.map((file) => `${PROJECT}/${file}`),
    sku,
  )
})

describe('A path at 0.8 of its rate fails', () => {
  test('32 paths are tried', () => {
    expect(faults.length).toBe(32)
  })

  test.for(faults)('$device', async ({ fault, device }) => {
    const { verdict, tests } = await simulateAcceptance(suites, loadRack(rackFile({ faults: [fault] })), 3)
    expect(verdict).toBe('failed')
    const failed = tests.flatMap(({ expectations }) => expectations.filter((one) => one.verdict === 'failed'))
    // A NIC is named itself; a GPU by the NIC that its path uses.
    const node = device.split('/')[0] ?? ''
    const named = device.includes('mlx5') ? device : `${node}/mlx5_`
    expect(failed.flatMap(({ reasons }) => reasons).join('\n')).toContain(named)
  })
})

test('without a fault everything passes', async () => {
  const { verdict } = await simulateAcceptance(suites, loadRack(rackFile()), 3)
  expect(verdict).toBe('passed')
})
