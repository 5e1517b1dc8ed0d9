import { describe, test } from 'vitest'
import type { Device, DeviceAllocation, ResourceClaim, ResourceSlice } from '../../harness/dra/objects.ts'
import { DISTANCES, distanceOf, meetsDistance } from '../../harness/claim/pcie-distance.ts'
import type { Placement } from '../../harness/claim/placement.ts'
import { compareTopology } from '../../harness/claim/published-topology.ts'
import { resolveAllocation } from '../../harness/claim/allocated-claim.ts'
import { verifyTopology } from '../../harness/claim/verify-allocation.ts'
import { compareCharDevices, expectedInterfaces } from '../../harness/claim/expected-devices.ts'
import { loadRack } from '../../harness/rack/rack.ts'
import { publishRack } from '../../harness/emulation/publish-rack.ts'

const rack = loadRack('fixtures/racks/h100-2node.yaml')
const { sku } = rack
const { slices } = publishRack(rack)
const aligned: Placement = {
  alignment: 'aligned',
  gpus: { count: 2, numaNode: 0 },
  nics: { count: 2, numaNode: 0 },
}
const unaligned: Placement = {
  alignment: 'unaligned',
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
      `[ClaimcheckError: ResourceClaim aligned-initiator on node-a does not have 2 GPUs of NUMA node 0 and 2 NICs of NUMA node 0: NICs: 1 where 2 are asked for; gpu-4 should be on NUMA node 0, its slice says nothing, the SKU says NUMA node 1. Compare ResourceSlices, SKU and the node itself (nvidia-smi topo -m, /sys/bus/pci/devices/*/numa_node).]`,
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

  test.for<[string, string, string, number, number]>([
    ['PIX', 'r/port/up/d0', 'r/port/up/d1', 0, 0],
    ['PIX', 'r/port', 'r/port', 0, 0],
    ['PXB', 'r/port/up/d0/up2/d2', 'r/port/up/d1', 0, 0],
    ['PHB', 'r/port0', 'r/port1', 0, 0],
    ['PHB', 'r', 'r', 0, 0],
    ['NODE', 'a', 'b', 0, 0],
    ['NODE', '', '', 0, 0],
    ['SYS', 'a', 'b', 0, 1],
  ])('is at %s between %s and %s', ([distance, one, other, a, b], { expect }) => {
    const at = (path: string, numaNode: number) => ({
      numaNode,
      pciePath: path === '' ? [] : path.split('/'),
    })
    expect(distanceOf(at(one, a), at(other, b))).toBe(distance)
  })

  test('meets a bound from both sides', ({ expect }) => {
    expect(DISTANCES.filter((one) => meetsDistance(one, 'NODE or nearer'))).toEqual([
      'PIX',
      'PXB',
      'PHB',
      'NODE',
    ])
    expect(DISTANCES.filter((one) => meetsDistance(one, 'NODE or farther'))).toEqual(['NODE', 'SYS'])
    expect(DISTANCES.filter((one) => meetsDistance(one, 'PHB'))).toEqual(['PHB'])
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
  const folder = '/dev/infiniband'
  const opened = (...names: string[]) => names.map((name) => ({ path: `${folder}/${name}`, opens: true }))
  /** A ConnectX-8 has two devices with umad numbers of their own; the kinds are those that the driver offers. */
  const sysfs = (kinds: (index: number) => readonly string[]) =>
    sku.nics.map(({ name, pciAddress }, index) => ({
      name,
      pci_address: pciAddress,
      char_devices: kinds(index).map((file) => ({
        kind: file.replace(/\d+$/, ''),
        path: `${folder}/${file}`,
      })),
    }))
  const shared = { path: `${folder}/rdma_cm` }

  test('is rdma_cm, what the node has of the claimed NICs, and their interfaces', ({ expect }) => {
    const rdma = sysfs((index) => [`uverbs${index}`, `umad${index + 10}`])
    const infiniband = opened('rdma_cm', 'uverbs1', 'umad11', 'uverbs6', 'umad16')
    const listing = { infiniband, rdma, rdma_cm: shared }
    expect(compareCharDevices(listing, nics, sku)).toEqual({ missing: [], leaked: [], unopenable: [] })
    expect(compareCharDevices({ ...listing, infiniband: [] }, nics, sku).missing).toEqual(
      infiniband.map(({ path }) => path),
    )
    expect(expectedInterfaces(nics, sku)).toEqual(new Set(['lo', 'eth0', 'rdma1', 'rdma6']))
  })

  test('lacks no kind of device that its NICs do not have', ({ expect }) => {
    const listing = { infiniband: opened('uverbs1', 'uverbs6'), rdma: sysfs((index) => [`uverbs${index}`]) }
    expect(compareCharDevices(listing, nics, sku)).toEqual({ missing: [], leaked: [], unopenable: [] })
  })

  test('may have issm of its NICs, and need not', ({ expect }) => {
    const rdma = sysfs((index) => [`uverbs${index}`, `issm${index}`])
    const few = { infiniband: opened('uverbs1', 'uverbs6'), rdma }
    const all = { infiniband: opened('uverbs1', 'uverbs6', 'issm1', 'issm6'), rdma }
    for (const listing of [few, all])
      expect(compareCharDevices(listing, nics, sku)).toEqual({ missing: [], leaked: [], unopenable: [] })
  })

  test('a leaked device is named with its NIC, and each that does not open', ({ expect }) => {
    const rdma = sysfs((index) => [`uverbs${index}`, `umad${index}`])
    const infiniband = [
      ...opened('rdma_cm', 'umad1', 'uverbs6', 'uverbs5'),
      { path: `${folder}/uverbs1`, opens: false },
      { path: `${folder}/uverbs77`, opens: false },
    ]
    expect(compareCharDevices({ infiniband, rdma, rdma_cm: shared }, nics, sku)).toEqual({
      missing: [`${folder}/umad6`],
      leaked: [
        { path: `${folder}/uverbs5`, nic: 'mlx5_5' },
        { path: `${folder}/uverbs77`, nic: undefined },
      ],
      unopenable: [`${folder}/uverbs1`],
    })
  })

  test("of a record without the node's /sys is what the profile numbers", ({ expect }) => {
    const infiniband = opened('rdma_cm', 'uverbs1', 'umad1', 'uverbs6', 'umad6', 'uverbs5')
    expect(compareCharDevices({ infiniband }, nics, sku)).toEqual({
      missing: [],
      leaked: [{ path: `${folder}/uverbs5`, nic: 'mlx5_5' }],
      unopenable: [],
    })
  })
})
