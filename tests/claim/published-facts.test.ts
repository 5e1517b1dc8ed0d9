/** What drivers publish against what the kernel says: only what both state is compared, and each difference is named. */
import { describe, test } from 'vitest'
import { comparePublishedFacts, type KernelTopology } from '../../harness/claim/published-facts.ts'
import { parseResourceSlices } from '../../harness/dra/parse-slices.ts'

const slices = (nic: Readonly<Record<string, unknown>>, gpu: Readonly<Record<string, unknown>> = {}) =>
  parseResourceSlices([
    slice('dra.net', 'pci-0101-00-00-0', {
      'dra.net/rdma': { bool: true },
      'dra.net/pciAddress': { string: '0101:00:00.0' },
      ...nic,
    }),
    slice('gpu.nvidia.com', 'gpu-0', {
      type: { string: 'gpu' },
      'resource.kubernetes.io/pciBusID': { string: '0001:00:00.0' },
      ...gpu,
    }),
  ])

const slice = (driver: string, name: string, attributes: Readonly<Record<string, unknown>>) => ({
  metadata: { name: driver },
  spec: {
    driver,
    nodeName: 'node-a',
    pool: { name: 'node-a', generation: 1, resourceSliceCount: 1 },
    devices: [{ name, attributes }],
  },
})

const nic = {
  pci_address: '0101:00:00.0',
  numa_node: 0,
  host_bridge: 'pci0101:00',
  interfaces: ['rdma0'],
  rdma_devices: ['mlx5_0'],
}
const kernel: KernelTopology = {
  gpus: [{ pci_address: '0001:00:00.0', numa_node: 1, host_bridge: 'pci0001:00' }],
  nics: [nic, { ...nic, pci_address: '0102:00:00.0', interfaces: [], rdma_devices: ['mlx5_1'] }],
  interfaces: [{ name: 'rdma0', mtu: 9000 }],
}

describe('Published facts', () => {
  test('that the kernel states, too, are two devices without a difference', ({ expect }) => {
    const published = slices(
      {
        'dra.net/numaNode': { int: 0 },
        'dra.net/rdmaDevice': { string: 'mlx5_0' },
        'dra.net/ifName': { string: 'rdma0' },
        'dra.net/mtu': { int: 9000 },
        'resource.kubernetes.io/pcieRoot': { string: 'pci0101:00' },
      },
      { 'resource.kubernetes.io/numaNode': { ints: [1, 0] } },
    )
    expect(comparePublishedFacts('node-a', published, kernel)).toEqual({ devices: 2, mismatches: [] })
  })

  test.for([
    ['NUMA node', { 'dra.net/numaNode': { int: 1 } }, '0', '1'],
    [
      'PCIe root',
      { 'resource.kubernetes.io/pcieRoot': { string: 'pci0102:00' } },
      'pci0101:00',
      'pci0102:00',
    ],
    ['RDMA', { 'dra.net/rdma': { bool: false } }, 'mlx5_0', 'rdma: false'],
    ['RDMA device', { 'dra.net/rdmaDevice': { string: 'mlx5_7' } }, 'mlx5_0', 'mlx5_7'],
    ['interface', { 'dra.net/ifName': { string: 'eth7' } }, 'rdma0', 'eth7'],
    ['MTU', { 'dra.net/mtu': { int: 1500 } }, '9000', '1500'],
  ] as const)('%s', ([fact, attributes, says, published], { expect }) => {
    const device = 'pci-0101-00-00-0 (0101:00:00.0)'
    expect(comparePublishedFacts('node-a', slices(attributes), kernel).mismatches).toEqual([
      { device, fact, kernel: says, published },
    ])
  })

  test('of a GPU that the kernel does not have', ({ expect }) => {
    const published = slices({}, { 'resource.kubernetes.io/pciBusID': { string: '0009:00:00.0' } })
    expect(comparePublishedFacts('node-a', published, kernel).mismatches).toEqual([
      {
        device: 'gpu-0 (0009:00:00.0)',
        fact: 'PCI function',
        kernel: 'none at this address',
        published: 'gpu',
      },
    ])
  })

  test('are not held against a pod that sees no RDMA device and no interface of others', ({ expect }) => {
    const blind = {
      ...kernel,
      nics: [{ ...nic, numa_node: null, interfaces: [], rdma_devices: [] }],
      interfaces: [],
    }
    const published = slices({
      'dra.net/numaNode': { int: 1 },
      'dra.net/rdmaDevice': { string: 'mlx5_7' },
      'dra.net/ifName': { string: 'eth7' },
      'dra.net/mtu': { int: 1500 },
    })
    expect(comparePublishedFacts('node-a', published, blind)).toEqual({ devices: 2, mismatches: [] })
  })
})
