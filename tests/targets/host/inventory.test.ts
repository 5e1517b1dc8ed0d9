/**
 * A machine of 8 GPUs and two RDMA NICs, as nvidia-smi and sysfs show it: its slices, and a profile that loads and that its
 * own slices match. The GPUs' rows are made up in the form of the recorded one; the matrix is recorded.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterEach, expect, test } from 'vitest'
import { compareTopology } from '../../../harness/claim/published-topology.ts'
import { devicesOf } from '../../../harness/claim/published-device.ts'
import { distanceOf } from '../../../harness/claim/pcie-distance.ts'
import { provideBinaries } from '../../../harness/native/build-binaries.ts'
import { loadSku } from '../../../harness/sku/sku.ts'
import { takeInventory } from '../../../harness/targets/host/inventory.ts'
import { formatSkuProfile } from '../../../harness/targets/host/sku-profile.ts'
import { publishInventory } from '../../../harness/targets/host/publish-inventory.ts'
import { temporaryFolder } from '../../support/rack-file.ts'
import { PROJECT } from '../../support/run-suite.ts'
import { fakeSmi, RECORDED } from '../../support/fake-smi.ts'
import { sysfsOf } from '../../support/sysfs.ts'

const { PATH = '' } = process.env
afterEach(() => {
  process.env['PATH'] = PATH
})

const rows = (name: string, count: number): string =>
  Array.from(
    { length: count },
    (_, i) => `${i}, GPU-${i}, ${name}, 00000000:${i + 1}B:00.0, 81559, 0, 550.54.15, 9.0\n`,
  ).join('')

/** NICs on these NUMA nodes; what the GPUs' are, the kernel does not say. */
const sysfs = (numaNodes: readonly number[], nicNodes: readonly number[]): string =>
  sysfsOf({
    numaNodes: Object.fromEntries(numaNodes.map((node) => [node, `${node * 8}-${node * 8 + 7}`])),
    nics: nicNodes.map((numaNode, index) => ({
      path: `pci0000:9${index}/0000:9${index}:00.0/0000:a${index}:00.0`,
      numaNode,
      rdma: { [`mlx5_${index}`]: {} },
      net: { [`rdma${index}`]: { mtu: '4200', address: `02:00:00:00:00:0${index}` } },
    })),
  })
const FIELD = join(PROJECT, 'tests/fixtures/field/topo')

/** The profile of a machine, in a file. */
async function profileOf(root: string, known: readonly string[] = []): Promise<string> {
  const file = join(temporaryFolder(), 'sku.yaml')
  writeFileSync(file, formatSkuProfile(await takeInventory(root), known))
  return file
}

test('8 GPUs with NV18 and two NICs: slices, and a profile that they match', async () => {
  process.env['PATH'] =
    `${fakeSmi({ query: `=${rows('NVIDIA H100 80GB HBM3', 8)}`, topo: 'h100-nvswitch/topo.txt' })}:${PATH}`
  const inventory = await takeInventory(sysfs([0, 1, 2, 3], [0, 3]))
  expect(inventory.links).toBe(18)
  const { slices } = publishInventory(inventory)
  const nics = devicesOf(slices).filter(({ kind }) => kind === 'nic')
  expect(nics).toMatchObject([
    {
      name: 'pci-0000-a0-00-0',
      rdmaDevice: 'mlx5_0',
      ifName: 'rdma0',
      numaNodes: [0],
      mtu: 4200,
      rdma: true,
    },
    {
      name: 'pci-0000-a1-00-0',
      rdmaDevice: 'mlx5_1',
      ifName: 'rdma1',
      numaNodes: [3],
      mtu: 4200,
      rdma: true,
    },
  ])
  const file = join(temporaryFolder(), 'sku.yaml')
  writeFileSync(file, formatSkuProfile(inventory, []))
  const sku = loadSku(file)
  expect(sku.gpu.links).toBe(18)
  expect(sku.gpus.map(({ numaNode }) => numaNode)).toEqual([0, 0, 0, 1, 2, 2, 2, 3])
  expect(sku.nics.map(({ charDevice }) => charDevice)).toEqual([0, 1])
  expect(Object.keys(sku.reference)).toEqual(['source'])
  expect(compareTopology(slices, sku)).toEqual([])
})

test('a known GPU brings its reference along, word for word', async () => {
  const known = join(PROJECT, 'fixtures/skus/h200x2.yaml')
  process.env['PATH'] = `${fakeSmi({ query: 'h200/query.csv' })}:${PATH}`
  const file = await profileOf(sysfs([0], []), [known])
  expect(loadSku(file).reference).toEqual(loadSku(known).reference)
  expect(loadSku(file)).toMatchObject({
    name: 'h200x1',
    nics: [],
    gpus: [{ pciBusID: '0000:00:06.0', numaNode: 0 }],
  })
})

test('what the machine does not state is to be filled in, and until then the profile is refused', async () => {
  process.env['PATH'] = `${fakeSmi({ query: 'h200/query.csv' })}:${PATH}`
  const file = await profileOf(sysfs([0, 1], [-1]))
  expect(readFileSync(file, 'utf8')).toMatch(/numaNode: FILL_IN # one of NUMA nodes 0, 1; the kernel says -1/)
  expect(() => loadSku(file)).toThrow(
    expect.objectContaining({
      code: 'FILE_INVALID',
      message: expect.stringMatching(
        /sku\.yaml:\d+:\d+ is unfinished: 1 value has to be filled in\n.*sku\.yaml:\d+:\d+ at nics\[0\]\.numaNode: one of NUMA nodes 0, 1/,
      ) as string,
    }),
  )
  const { slices } = publishInventory(await takeInventory(sysfs([0, 1], [-1])))
  expect(devicesOf(slices).find(({ kind }) => kind === 'nic')?.numaNodes).toBeUndefined()
})

test('a GPU near to the CPUs of two NUMA nodes: unknown with two, node 0 with one', async () => {
  const answers = { query: `=${rows('NVIDIA L40S', 2)}`, topo: join(FIELD, 'numa-range.txt') }
  process.env['PATH'] = `${fakeSmi(answers)}:${PATH}`
  expect((await takeInventory(sysfs([0, 1], []))).gpus.map(({ numaNode }) => numaNode)).toEqual([
    undefined,
    undefined,
  ])
  expect((await takeInventory(sysfs([0], []))).gpus.map(({ numaNode }) => numaNode)).toEqual([0, 0])
})

const GRACE = {
  0: '0-71',
  1: '72-143',
  ...Object.fromEntries(Array.from({ length: 32 }, (_, i) => [i + 2, ''])),
}

test.for([-1, 2])(
  'Grace, sysfs says NUMA node %i: the node of the CPUs, and the memory node beside it',
  async (numaNode) => {
    const answers = { query: `=${rows('NVIDIA GB200', 4)}`, topo: join(FIELD, 'gb200-numa-lists.txt') }
    process.env['PATH'] = `${fakeSmi(answers)}:${PATH}`
    const gpu = {
      path: 'pci0000:10/0000:10:00.0/0000:1b:00.0',
      numaNode,
      vendor: '0x10de',
      class: '0x030200',
    }
    const sku = loadSku(await profileOf(sysfsOf({ numaNodes: GRACE, gpus: [gpu] })))
    expect(sku.gpus.map((one) => [one.numaNode, one.memoryNumaNode])).toEqual([
      [0, 2],
      [0, 10],
      [1, 18],
      [1, 26],
    ])
    expect(sku.gpus[0]?.pciePath).toEqual(['pci0000:10', '0000:10:00.0'])
    expect(sku.gpu.links).toBe(18)
    expect(sku.gpu.linkPairs).toBeUndefined()
  },
)

test.for([
  ['bridges', 4, 'pcie-bridged-pairs.txt', '8.0', 12, 2],
  ['a cube', 8, 'dgx1v-cube.txt', '7.0', 6, 16],
] as const)('%s: links of each GPU and of each pair', async ([, count, topo, capability, links, pairs]) => {
  const query = rows('NVIDIA GPU', count).replaceAll(', 9.0', `, ${capability}`)
  process.env['PATH'] = `${fakeSmi({ query: `=${query}`, topo: join(FIELD, topo) })}:${PATH}`
  const sku = loadSku(await profileOf(sysfs([0], [])))
  expect(sku.gpu.links).toBe(links)
  expect(sku.gpu.linkPairs).toHaveLength(pairs)
  expect(sku.gpu.linkPairs?.[0]?.between).toEqual(['gpu-0', 'gpu-1'])
})

test("two GPUs at a switch, recorded: the driver's own count of links, and no list of pairs", async () => {
  const folder = 'h100-vm-pair'
  const answers = {
    query: `${folder}/query.csv`,
    topo: `${folder}/topo.txt`,
    links: `${folder}/nvlink-status.txt`,
  }
  process.env['PATH'] = `${fakeSmi(answers)}:${PATH}`
  const gpu = (slot: number) => ({
    path: `pci0000:00/0000:00:0${slot}.0`,
    numaNode: -1,
    vendor: '0x10de',
    class: '0x030200',
  })
  const root = sysfsOf({ numaNodes: { 0: '0-31' }, gpus: [gpu(6), gpu(7)] })
  const sku = loadSku(await profileOf(root))
  expect(sku.gpu).toMatchObject({ links: 18, architecture: 'Hopper' })
  expect(sku.gpu.linkPairs).toBeUndefined()
  expect(sku.gpus).toEqual([
    { name: 'gpu-0', pciBusID: '0000:00:06.0', numaNode: 0, pciePath: ['pci0000:00'] },
    { name: 'gpu-1', pciBusID: '0000:00:07.0', numaNode: 0, pciePath: ['pci0000:00'] },
  ])
})

test('a GPU with an inactive link behind a switch: how many each should have is to be filled in', async () => {
  const folder = join(RECORDED, 'h100-vm-pair')
  const status = readFileSync(join(folder, 'nvlink-status.txt'), 'utf8')
  const answers = {
    query: join(folder, 'query.csv'),
    topo: join(folder, 'topo.txt'),
    links: `=${status.replace('Link 3: 26.562 GB/s', 'Link 3: <inactive>')}`,
  }
  process.env['PATH'] = `${fakeSmi(answers)}:${PATH}`
  const file = await profileOf(sysfsOf({ numaNodes: { 0: '0-31' } }))
  expect(() => loadSku(file)).toThrow(/at gpu\.links: active links of each GPU; now gpu-0 17, gpu-1 18/)
})

test('unified memory has no figure; an infoROM warning is in the profile', async () => {
  const query = `=0, GPU-1, NVIDIA GB10, 0000000F:01:00.0, [N/A], [N/A], 580.173.02, 12.1\nWARNING: infoROM is corrupted at gpu 000F:01:00.0\n`
  process.env['PATH'] = `${fakeSmi({ query, exitCode: 14 })}:${PATH}`
  const file = await profileOf(sysfs([0], []))
  expect(readFileSync(file, 'utf8')).toContain(
    '# WARNING: The infoROM of the GPU at 000f:01:00.0 is corrupted',
  )
  expect(loadSku(file).gpus).toEqual([{ name: 'gpu-0', pciBusID: '000f:01:00.0', numaNode: 0 }])
  const { slices } = publishInventory(await takeInventory(sysfs([0], [])))
  expect(slices[0]?.spec.devices?.[0]?.capacity).toBeUndefined()
})

test('a profile without NICs carries no figures of NICs', async () => {
  process.env['PATH'] =
    `${fakeSmi({ query: `=${rows('NVIDIA H100 80GB HBM3', 8)}`, topo: 'h100-nvswitch/topo.txt' })}:${PATH}`
  const sku = loadSku(await profileOf(sysfs([0, 1, 2, 3], []), [join(PROJECT, 'fixtures/skus/h100x8.yaml')]))
  expect(Object.keys(sku.reference)).toEqual(['source'])
})

test('distances by the profile are those of the binary, for one machine', async () => {
  const gpu = (path: string, numaNode: number) => ({ path, numaNode, vendor: '0x10de', class: '0x030200' })
  const nic = (path: string, numaNode: number, name: string) => ({
    path,
    numaNode,
    rdma: { [name]: {} },
    net: { [`net-${name}`]: { mtu: '9000' } },
  })
  const root = sysfsOf({
    numaNodes: { 0: '0-7', 1: '8-15' },
    gpus: [
      gpu('pci0000:10/0000:10:00.0/0000:11:00.0/0000:12:00.0/0000:1b:00.0', 0),
      gpu('pci0000:80/0000:80:00.0/0000:2b:00.0', 1),
    ],
    nics: [
      nic('pci0000:10/0000:10:00.0/0000:11:00.0/0000:12:01.0/0000:a0:00.0', 0, 'mlx5_0'),
      nic(
        'pci0000:10/0000:10:00.0/0000:11:00.0/0000:12:02.0/0000:13:00.0/0000:14:00.0/0000:a1:00.0',
        0,
        'mlx5_1',
      ),
      nic('pci0000:10/0000:10:01.0/0000:a2:00.0', 0, 'mlx5_2'),
      nic('pci0000:40/0000:40:00.0/0000:a3:00.0', 0, 'mlx5_3'),
    ],
  })
  process.env['PATH'] =
    `${fakeSmi({ query: `=${rows('NVIDIA H100', 2)}`, topo: 'pcie-pair/topo.txt' })}:${PATH}`
  const sku = loadSku(await profileOf(root))
  const own = sku.gpus.flatMap((one) =>
    sku.nics.map((other) => ({ gpu: one.pciBusID, nic: other.pciAddress, distance: distanceOf(one, other) })),
  )
  const { transfer } = await provideBinaries(() => undefined)
  const { stdout } = await execa(transfer, ['--mode', 'topo', '--sysfs', root])
  const { distances } = JSON.parse(stdout.slice(stdout.indexOf('{'))) as { distances: unknown }
  expect(own).toEqual(distances)
  expect(new Set(own.map(({ distance }) => distance))).toEqual(new Set(['PIX', 'PXB', 'PHB', 'NODE', 'SYS']))
})
