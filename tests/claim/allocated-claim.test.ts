import { describe, test } from 'vitest'
import type { Device, DeviceAllocation, ResourceClaim, ResourceSlice } from '../../harness/dra/objects.ts'
import { distanceOf } from '../../harness/claim/pcie-distance.ts'
import type { Placement } from '../../harness/claim/placement.ts'
import { compareTopology } from '../../harness/claim/published-topology.ts'
import { resolveAllocation } from '../../harness/claim/allocated-claim.ts'
import { verifyTopology } from '../../harness/claim/verify-allocation.ts'
import {
  compareDevices,
  expectedInfiniband,
  expectedInterfaces,
} from '../../harness/claim/expected-devices.ts'
import { loadRack } from '../../harness/rack/rack.ts'
import { publishRack } from '../../harness/emulation/publish-rack.ts'

const rack = loadRack('fixtures/racks/h100-2node.yaml')
const { sku } = rack
const { slices } = publishRack(rack)
const aligned: Placement = {
  arm: 'aligned',
  gpus: { count: 2, numaNode: 0 },
  nics: { count: 2, numaNode: 0 },
}
const unaligned: Placement = {
  arm: 'unaligned',
  gpus: { count: 2, numaNode: 0 },
  nics: { count: 2, numaNode: 1 },
}

const gpu = (device: string, pool = 'node-a'): DeviceAllocation => ({
  request: 'gpu',
  driver: 'gpu.nvidia.com',
  pool,
  device,
})
const nic = (bus: string, pool = 'node-a'): DeviceAllocation => ({
  request: 'nic',
  driver: 'dra.net',
  pool,
  device: `pci-${bus}-00-00-0`,
})
const claimOf = (...results: DeviceAllocation[]): ResourceClaim => ({
  apiVersion: 'resource.k8s.io/v1',
  kind: 'ResourceClaim',
  metadata: { name: 'aligned-initiator', namespace: 'cc', uid: 'u' },
  spec: { devices: { requests: [] } },
  status: { allocation: { devices: { results } } },
})
const allocated = (...results: DeviceAllocation[]) => resolveAllocation(claimOf(...results), slices)

describe('an allocation read back', () => {
  test('has one node, its GPUs and its NICs in the order of the results', ({ expect }) => {
    const claim = allocated(gpu('gpu-2'), nic('0104'), gpu('gpu-0'), nic('0101'))
    expect(claim).toMatchObject({ name: 'aligned-initiator', node: 'node-a' })
    expect(claim.gpus.map(({ name, pciAddress }) => [name, pciAddress])).toEqual([
      ['gpu-2', '0003:00:00.0'],
      ['gpu-0', '0001:00:00.0'],
    ])
    expect(claim.nics.map(({ rdmaDevice, ifName, numaNodes }) => [rdmaDevice, ifName, numaNodes])).toEqual([
      ['mlx5_3', 'rdma3', [0]],
      ['mlx5_0', 'rdma0', [0]],
    ])
  })

  test.for<[string, DeviceAllocation[], RegExp]>([
    ['nothing', [], /cc\/aligned-initiator has no allocated devices/],
    [
      'an unknown device',
      [gpu('gpu-9')],
      /request "gpu" that no slice publishes.*found gpu-9 of pool node-a.*near gpu-/,
    ],
    ['an unknown pool', [gpu('gpu-0', 'node-c')], /expected a pool node-c of gpu\.nvidia\.com/],
    ['two nodes', [gpu('gpu-0'), nic('0101', 'node-b')], /gpu-0 of node-a, pci-0101-00-00-0 of node-b/],
  ])('of %s is invalid', ([, results, message], { expect }) => {
    expect(() => allocated(...results)).toThrow(message)
    expect(() => allocated(...results)).toThrow(expect.objectContaining({ code: 'ALLOCATION_INVALID' }))
  })
})

describe('the topology of an allocation', () => {
  test('is proved pair by pair', ({ expect }) => {
    const near = verifyTopology(allocated(gpu('gpu-0'), gpu('gpu-1'), nic('0101'), nic('0102')), aligned, sku)
    expect(near.pairs).toHaveLength(4)
    expect(new Set(near.pairs.map(({ distance }) => distance))).toEqual(new Set(['NODE']))
    const far = verifyTopology(
      allocated(gpu('gpu-0'), gpu('gpu-1'), nic('0105'), nic('0106')),
      unaligned,
      sku,
    )
    expect(new Set(far.pairs.map(({ distance }) => distance))).toEqual(new Set(['SYS']))
  })

  test('names each device that is elsewhere, and the numbers', ({ expect }) => {
    const wrong = allocated(gpu('gpu-0'), gpu('gpu-4'), nic('0101'))
    expect(() => verifyTopology(wrong, aligned, sku)).toThrowErrorMatchingInlineSnapshot(
      `[ClaimcheckError: ResourceClaim aligned-initiator on node-a does not have the topology of arm "aligned": NICs: 1 where 2 are asked for; gpu-4 should be on NUMA node 0, its slice says nothing, the SKU says NUMA node 1. Compare ResourceSlices, SKU and the node itself (nvidia-smi topo -m, /sys/bus/pci/devices/*/numa_node).]`,
    )
  })

  test('is not taken from what a slice says against the SKU', ({ expect }) => {
    const faulty = publishRack({
      ...rack,
      faults: [{ kind: 'numa-misreport', node: 'node-a', nic: 'mlx5_4', numaNode: 0 }],
    }).slices
    const claim = resolveAllocation(claimOf(gpu('gpu-0'), gpu('gpu-1'), nic('0101'), nic('0105')), faulty)
    expect(() => verifyTopology(claim, aligned, sku)).toThrow(
      expect.objectContaining({
        code: 'PRECONDITION_TOPOLOGY',
        details: {
          node: 'node-a',
          arm: 'aligned',
          devices: [
            { device: 'pci-0105-00-00-0', expectedNumaNode: 0, publishedNumaNodes: [0], skuNumaNode: 1 },
          ],
        },
      }),
    )
  })

  test('is not proved where a slice contradicts the arm, though the SKU does not', ({ expect }) => {
    const faulty = publishRack({
      ...rack,
      faults: [{ kind: 'numa-misreport', node: 'node-a', nic: 'mlx5_0', numaNode: 1 }],
    }).slices
    const claim = resolveAllocation(claimOf(gpu('gpu-0'), gpu('gpu-1'), nic('0101'), nic('0102')), faulty)
    expect(() => verifyTopology(claim, aligned, sku)).toThrow(
      /pci-0101-00-00-0 should be on NUMA node 0, its slice says 1, the SKU says NUMA node 0/,
    )
  })

  test('of a NIC without RDMA or outside the SKU is none', ({ expect }) => {
    const wrong = resolveAllocation(claimOf(gpu('gpu-0'), gpu('gpu-1'), nic('0101'), nic('0000')), [
      ...slices.filter(({ spec }) => spec.driver !== 'dra.net'),
      ...slices
        .filter(({ spec }) => spec.driver === 'dra.net')
        .map((slice) =>
          edit(slice, 'pci-0000-00-03-0', (device) => ({ ...device, name: 'pci-0000-00-00-0' })),
        ),
    ])
    expect(() => verifyTopology(wrong, aligned, sku)).toThrow(
      /pci-0000-00-00-0 has no RDMA; pci-0000-00-00-0 should be on NUMA node 0, its slice says nothing, the SKU has no such device/,
    )
  })

  test('has the three distances of nvidia-smi', ({ expect }) => {
    const at = (numaNode: number, pcieRoot?: string) => ({ numaNode, pcieRoot })
    expect(distanceOf(at(0, 'pci0000:40'), at(0, 'pci0000:40'))).toBe('PIX')
    expect(distanceOf(at(0, 'pci0000:40'), at(0, 'pci0000:41'))).toBe('NODE')
    expect(distanceOf(at(0), at(0))).toBe('NODE')
    expect(distanceOf(at(0), at(1))).toBe('SYS')
  })
})

function edit(
  slice: ResourceSlice,
  name: string,
  change: (device: Device) => Device | undefined,
): ResourceSlice {
  const devices = (slice.spec.devices ?? []).flatMap((device) =>
    device.name === name ? (change(device) ?? []) : device,
  )
  return { ...slice, spec: { ...slice.spec, devices } }
}

describe('the published topology against the SKU', () => {
  const changed = (name: string, change: (device: Device) => Device | undefined) =>
    slices.map((slice) => (slice.spec.nodeName === 'node-b' ? edit(slice, name, change) : slice))
  const attribute = (device: Device, name: string, value: object): Device =>
    ({ ...device, attributes: { ...device.attributes, [name]: value } }) as Device

  test('has no mismatch on a rack without faults', ({ expect }) => {
    expect(compareTopology(slices, sku)).toEqual([])
    expect(compareTopology(publishRack({ ...rack, gpuNumaNodePublished: true }).slices, sku)).toEqual([])
  })

  test('names the device of a misreport, and node', ({ expect }) => {
    const faulty = publishRack({
      ...rack,
      faults: [{ kind: 'numa-misreport', node: 'node-b', nic: 'mlx5_2', numaNode: 1 }],
    }).slices
    expect(compareTopology(faulty, sku)).toEqual([
      {
        node: 'node-b',
        kind: 'numa-node',
        device: 'pci-0103-00-00-0, mlx5_2 (0103:00:00.0)',
        expected: 'NUMA node 0',
        found: 'NUMA node 1',
      },
    ])
  })

  test.for<[string, ResourceSlice[], string[]]>([
    ['a missing GPU', changed('gpu-3', () => undefined), ['missing']],
    ['a missing NIC', changed('pci-0108-00-00-0', () => undefined), ['missing']],
    [
      'a NIC without RDMA',
      changed('pci-0101-00-00-0', (device) => attribute(device, 'dra.net/rdma', { bool: false })),
      ['no-rdma'],
    ],
    [
      'an RDMA NIC too many',
      changed('pci-0000-00-03-0', (device) => attribute(device, 'dra.net/rdma', { bool: true })),
      ['extra'],
    ],
    [
      'two devices at one address',
      changed('gpu-3', (device) =>
        attribute(device, 'resource.kubernetes.io/pciBusID', { string: '0001:00:00.0' }),
      ),
      ['duplicate', 'missing'],
    ],
    [
      'another RDMA device name',
      changed('pci-0101-00-00-0', (device) => attribute(device, 'dra.net/rdmaDevice', { string: 'mlx5_7' })),
      ['rdma-device'],
    ],
    [
      'an old DRANET that names no RDMA device',
      changed('pci-0101-00-00-0', ({ name, attributes = {} }) => {
        const { 'dra.net/rdmaDevice': _, ...rest } = attributes
        return { name, attributes: rest }
      }),
      [],
    ],
  ])('%s', ([, from, kinds], { expect }) => {
    const mismatches = compareTopology(from, sku)
    expect(mismatches.map(({ kind }) => kind)).toEqual(kinds)
    expect(mismatches.every(({ node }) => node === 'node-b')).toBe(true)
  })

  test('a node that publishes nothing lacks every device', ({ expect }) => {
    expect(compareTopology(slices, sku, ['node-a', 'node-z'])).toHaveLength(16)
  })
})

describe('what a pod must see', () => {
  const { nics } = allocated(nic('0102'), nic('0107'))
  const expected = expectedInfiniband(nics, sku)

  test('is rdma_cm and the devices of its NICs', ({ expect }) => {
    const folder = '/dev/infiniband'
    expect(expected).toEqual(
      new Set(['rdma_cm', 'uverbs1', 'umad1', 'uverbs6', 'umad6'].map((name) => `${folder}/${name}`)),
    )
    expect(expectedInfiniband(nics, sku, { issm: true })).toContain(`${folder}/issm6`)
    expect(expectedInfiniband([], sku)).toEqual(new Set())
    expect(expectedInterfaces(nics, sku)).toEqual(new Set(['lo', 'eth0', 'rdma1', 'rdma6']))
  })

  test('and nothing is missing, leaked or shut', ({ expect }) => {
    const seen = [...expected].map((path) => ({ path, opens: true }))
    expect(compareDevices(expected, seen, sku)).toEqual({ missing: [], leaked: [], unopenable: [] })
  })

  test('a leaked device comes with its NIC', ({ expect }) => {
    const seen = [
      { path: '/dev/infiniband/rdma_cm', opens: true },
      { path: '/dev/infiniband/uverbs1', opens: false },
      { path: '/dev/infiniband/umad1', opens: true },
      { path: '/dev/infiniband/uverbs6', opens: true },
      { path: '/dev/infiniband/uverbs5', opens: true },
      { path: '/dev/infiniband/uverbs77', opens: false },
    ]
    expect(compareDevices(expected, seen, sku)).toEqual({
      missing: ['/dev/infiniband/umad6'],
      leaked: [
        { path: '/dev/infiniband/uverbs5', nic: 'mlx5_5' },
        { path: '/dev/infiniband/uverbs77', nic: undefined },
      ],
      unopenable: ['/dev/infiniband/uverbs1'],
    })
  })

  test('of a NIC that the SKU does not have is not known', ({ expect }) => {
    const strange = nics.map((nic) => ({ ...nic, pciAddress: '0200:00:00.0' }))
    expect(() => expectedInfiniband(strange, sku)).toThrow(/is no NIC of SKU h100x8/)
  })
})
