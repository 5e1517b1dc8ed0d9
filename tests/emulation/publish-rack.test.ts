import { readFileSync } from 'node:fs'
import { describe, test } from 'vitest'
import type { Device } from '../../harness/dra/objects.ts'
import { parseResourceSlices } from '../../harness/dra/parse-slices.ts'
import { loadRack } from '../../harness/rack/rack.ts'
import { publishRack } from '../../harness/emulation/publish-rack.ts'

const rack = loadRack('fixtures/racks/h100-2node.yaml')
const { slices } = publishRack(rack)
const recorded = parseResourceSlices(
  JSON.parse(readFileSync('fixtures/recorded/dranet-resourceslices-softroce.json', 'utf8')),
)

/** Attribute names with the types of their values. */
const shapeOf = (device: Device | undefined): Record<string, string> =>
  Object.fromEntries(
    Object.entries(device?.attributes ?? {})
      .map(([name, value]) => [name, Object.keys(value).join()] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
const device = (from: typeof slices, name: string): Device | undefined =>
  from.flatMap(({ spec }) => spec.devices ?? []).find((device) => device.name === name)

describe('published NICs have the attributes that the real DRANET published', () => {
  test.for([
    ['RoCE NIC', 'pci-0101-00-00-0', 'pci-0000-41-00-0'],
    ['bridge', 'cni0', 'cni0'],
    ['management NIC', 'pci-0000-00-03-0', 'pci-0000-00-03-0'],
  ] as const)('%s', ([, ours, theirs], { expect }) => {
    expect(shapeOf(device(slices, ours))).toEqual(shapeOf(device(recorded, theirs)))
  })

  test('in one complete pool per node, without unknown fields', ({ expect }) => {
    const pools = slices.filter(({ spec }) => spec.driver === 'dra.net').map(({ spec }) => spec)
    expect(pools.map(({ pool, nodeName }) => ({ pool, nodeName }))).toEqual(
      ['node-a', 'node-b'].map((name) => ({
        pool: { name, generation: 1, resourceSliceCount: 1 },
        nodeName: name,
      })),
    )
    expect(parseResourceSlices(JSON.parse(JSON.stringify(slices)))).toEqual(slices)
  })
})

test('a NIC and a GPU, complete', ({ expect }) => {
  expect(device(slices, 'pci-0106-00-00-0')).toMatchSnapshot()
  expect(device(slices, 'gpu-5')).toMatchSnapshot()
})

test('addresses, MACs and GPU UUIDs are unique in the rack', ({ expect }) => {
  const values = slices
    .flatMap(({ spec }) => spec.devices ?? [])
    .flatMap(({ attributes = {} }) => ['dra.net/mac', 'dra.net/ipv4', 'uuid'].map((name) => attributes[name]))
    .filter((value) => value !== undefined && 'string' in value)
    .map((value) => value.string)
  expect(values).toHaveLength(2 * (10 + 9 + 8))
  expect(new Set(values).size).toBe(values.length)
})

test('the fault numa-misreport changes both NUMA attributes of one NIC on one node and nothing else', ({
  expect,
}) => {
  const faulty = publishRack({
    ...rack,
    faults: [{ kind: 'numa-misreport', node: 'node-b', nic: 'mlx5_2', numaNode: 1 }],
  }).slices
  const changed = slices.flatMap(({ spec }, at) =>
    (spec.devices ?? [])
      .filter((device, index) => JSON.stringify(device) !== JSON.stringify(faulty[at]?.spec.devices?.[index]))
      .map(({ name }) => `${spec.nodeName}/${name}`),
  )
  expect(changed).toEqual(['node-b/pci-0103-00-00-0'])
  const node = faulty.filter(({ spec }) => spec.nodeName === 'node-b')
  expect(device(node, 'pci-0103-00-00-0')?.attributes).toMatchObject({
    'dra.net/numaNode': { int: 1 },
    'resource.kubernetes.io/numaNode': { int: 1 },
  })
})

test('GPUs publish a NUMA node only if the rack file configures their driver to do so', ({ expect }) => {
  const name = 'resource.kubernetes.io/numaNode'
  expect(device(slices, 'gpu-5')?.attributes).not.toHaveProperty([name])
  const { slices: newer } = publishRack({ ...rack, gpuNumaNodePublished: true })
  expect(device(newer, 'gpu-5')?.attributes?.[name]).toEqual({ int: 1 })
})

test('a NIC without a network interface has no attribute of one', ({ expect }) => {
  const nics = rack.sku.nics.map(({ name, pciAddress, numaNode }) => ({ name, pciAddress, numaNode }))
  const { slices: infiniband } = publishRack({ ...rack, sku: { ...rack.sku, nics } })
  expect(Object.keys(shapeOf(device(infiniband, 'pci-0101-00-00-0')))).toEqual([
    'dra.net/numaNode',
    'dra.net/pciAddress',
    'dra.net/pciDevice',
    'dra.net/pciSubsystem',
    'dra.net/pciVendor',
    'dra.net/rdma',
    'dra.net/rdmaDevice',
    'resource.kubernetes.io/numaNode',
    'resource.kubernetes.io/pcieRoot',
  ])
})
