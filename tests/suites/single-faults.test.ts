/** Every single slow path of a rack is caught by suites/numa: that of each GPU and of each NIC, on either node. */
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { loadRack } from '../../harness/rack/rack.ts'
import { rackFile } from '../support/rack-file.ts'
import { PROJECT } from '../support/run-suite.ts'

const { sku, nodes } = loadRack(`${PROJECT}/fixtures/racks/h100-2node.yaml`)
const faults = nodes.flatMap((node) => [
  ...sku.gpus.map(({ name }) => `{ kind: gpu-path-slow, node: ${node}, gpu: ${name}, fraction: 0.8 }`),
  ...sku.nics.map(({ name }) => `{ kind: nic-slow, node: ${node}, nic: ${name}, fraction: 0.8 }`),
])

async function simulate(racks: readonly string[]): Promise<{ verdict: string; reasons: string }[]> {
  const program = `${PROJECT}/tests/simulate/several-acceptances.ts`
  const { stdout } = await execa(process.execPath, [program, ...racks], { cwd: PROJECT })
  return JSON.parse(stdout) as { verdict: string; reasons: string }[]
}

test('each of the 32 paths at 0.8 of its rate fails, and its node and NIC are named', async () => {
  expect(faults.length).toBe(32)
  const outcomes = await simulate(faults.map((fault) => rackFile({ faults: [fault] })))
  const found = outcomes.map(({ verdict, reasons }, index) => {
    const [, node = '', device = ''] = /node: ([^,]+), (?:gpu|nic): ([^,]+)/.exec(faults[index] ?? '') ?? []
    // A GPU is named by the NIC of its path.
    const named = device.startsWith('mlx5')
      ? reasons.includes(`${node}/${device} `)
      : reasons.includes(`${node}/`)
    return `${faults[index]}: ${verdict}, ${named ? 'named' : 'not named'}`
  })
  expect(found).toEqual(faults.map((fault) => `${fault}: failed, named`))
})

test('a rack without a fault passes', async () => {
  expect(await simulate([rackFile()])).toEqual([{ verdict: 'passed', reasons: '' }])
})
