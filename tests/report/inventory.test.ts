/** Which devices a run must cover, and which cannot be claimed. */
import { expect, test } from 'vitest'
import { publishRack } from '../../harness/emulation/publish-rack.ts'
import { loadRack } from '../../harness/rack/rack.ts'
import { inventoryIn } from '../../harness/report/inventory.ts'
import { PROJECT } from '../support/run-suite.ts'

const rack = loadRack(`${PROJECT}/fixtures/racks/h100-2node.yaml`)
const { slices } = publishRack(rack)

test('an unhealthy GPU and a cordoned node are left out with the reason, and stay among the devices to cover', () => {
  const taint = { key: 'gpu.nvidia.com/xid', value: '79', effect: 'NoSchedule' as const }
  const tainted = slices.map((slice) => ({
    ...slice,
    spec: {
      ...slice.spec,
      devices: (slice.spec.devices ?? []).map((device) =>
        slice.spec.nodeName === 'node-a' && device.name === 'gpu-3' ? { ...device, taints: [taint] } : device,
      ),
    },
  }))
  const excluded = [{ node: 'node-c', why: 'cordoned' }]
  const inventory = inventoryIn({ used: rack.nodes, slices: tainted, excluded }, rack.sku)
  expect(inventory.leftOut).toEqual([
    { what: 'node-c', why: 'cordoned' },
    { what: 'node-a/gpu-3', why: 'gpu-3 on node-a has the taint gpu.nvidia.com/xid=79:NoSchedule' },
  ])
  expect(inventory.nodes).toEqual(['node-a', 'node-b', 'node-c'])
  expect(inventory.gpus).toContain('node-a/gpu-3')
  expect(inventory.nics).toHaveLength(24)
})
