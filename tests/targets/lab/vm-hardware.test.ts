/** The virtual hardware of a node has the NUMA nodes and PCI addresses that the SKU states, or is refused. */
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { virtualHardware } from '../../../harness/targets/lab/vm/vm-hardware.ts'
import { loadRack } from '../../../harness/rack/rack.ts'
import type { SkuNic } from '../../../harness/sku/sku.ts'

const rackOf = (name: string) =>
  loadRack(resolve(import.meta.dirname, '../../../fixtures/racks', `${name}.yaml`))
const rack = rackOf('soft-roce-2node')
const withNics = (change: (nic: SkuNic, index: number) => SkuNic) => ({
  ...rack,
  sku: { ...rack.sku, nics: rack.sku.nics.map(change) },
})

test('NICs of a NUMA node are behind a host bridge of that node', () => {
  const words = virtualHardware(rack, 'node-b')
  const devices = words.filter((_, index) => words[index - 1] === '-device')
  expect(devices.filter((device) => device.startsWith('pxb-pcie'))).toEqual([
    'pxb-pcie,id=bridge0,bus=pcie.0,bus_nr=64,numa_node=0',
    'pxb-pcie,id=bridge1,bus=pcie.0,bus_nr=128,numa_node=1',
  ])
  expect(devices.find((device) => device.includes('netdev=nic3'))).toBe(
    'virtio-net-pci,netdev=nic3,bus=port3,addr=0,mac=02:00:0a:40:03:02,host_mtu=4200,romfile=',
  )
})

test('emulated GPUs add no device', () => {
  expect(virtualHardware(rackOf('soft-roce-gpu-2node'), 'node-a')).toEqual(virtualHardware(rack, 'node-a'))
})

test.for([
  ['h100-2node', rackOf('h100-2node'), /^NIC mlx5_0$/, '0101:00:00.0'],
  [
    'a gap between buses',
    withNics((nic, index) => (index === 1 ? { ...nic, pciAddress: '0000:44:00.0' } : nic)),
    /^NIC rxe1$/,
    '0000:44:00.0',
  ],
  [
    'a gap between NUMA nodes',
    withNics((nic) => ({ ...nic, numaNode: nic.numaNode * 2 })),
    /^SKU soft-roce$/,
    '0, 2',
  ],
] as const)('refuses %s', ([, refused, subject, found]) => {
  expect(() => virtualHardware(refused, 'node-a')).toThrow(
    expect.objectContaining({
      code: 'LAB_UNAVAILABLE',
      subject: expect.stringMatching(subject) as string,
      found,
    }),
  )
})
