/**
 * A machine of 8 GPUs and two RDMA NICs, as nvidia-smi and sysfs show it: its slices, and a profile that loads and that its
 * own slices match. The GPUs' rows are made up in the form of the recorded one; the matrix is recorded.
 */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { compareTopology } from '../../../harness/claim/published-topology.ts'
import { devicesOf } from '../../../harness/claim/published-device.ts'
import { loadSku } from '../../../harness/sku/sku.ts'
import { takeInventory } from '../../../harness/targets/host/inventory.ts'
import { formatSkuProfile } from '../../../harness/targets/host/sku-profile.ts'
import { publishInventory } from '../../../harness/targets/host/publish-inventory.ts'
import { temporaryFolder } from '../../support/rack-file.ts'
import { PROJECT } from '../../support/run-suite.ts'
import { fakeSmi } from '../../support/fake-smi.ts'

const { PATH = '' } = process.env
afterEach(() => {
  process.env['PATH'] = PATH
})

const rows = (name: string, count: number): string =>
  Array.from(
    { length: count },
    (_, i) => `${i}, GPU-${i}, ${name}, 00000000:${i + 1}B:00.0, 81559, 0, 550.54.15, 9.0\n`,
  ).join('')

/** Two NICs, of which the kernel knows NUMA nodes 0 and 3; the GPUs' it does not say. */
function sysfs(numaNodes: readonly number[], nicNodes: readonly number[]): string {
  const root = temporaryFolder()
  const put = (path: string, content: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), `${content}\n`)
  }
  for (const node of numaNodes) put(`devices/system/node/node${node}/cpulist`, '')
  nicNodes.forEach((node, index) => {
    const [name, pci] = [`mlx5_${index}`, `0000:a${index}:00.0`]
    const folder = `devices/pci/${pci}`
    put(`${folder}/numa_node`, String(node))
    put(`${folder}/vendor`, '0x15b3')
    put(`${folder}/device`, '0x1021')
    put(`${folder}/net/rdma${index}/mtu`, '4200')
    put(`${folder}/net/rdma${index}/address`, `02:00:00:00:00:0${index}`)
    put(`class/infiniband_verbs/uverbs${index + 4}/ibdev`, name)
    mkdirSync(join(root, 'class/infiniband', name), { recursive: true })
    mkdirSync(join(root, 'bus/pci/devices'), { recursive: true })
    symlinkSync(join(root, folder), join(root, 'class/infiniband', name, 'device'))
    symlinkSync(join(root, folder), join(root, 'bus/pci/devices', pci))
  })
  return root
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
  expect(sku.nics.map(({ charDevice }) => charDevice)).toEqual([4, 5])
  expect(Object.keys(sku.reference)).toEqual(['source'])
  expect(compareTopology(slices, sku)).toEqual([])
})

test('a known GPU brings its reference along, word for word', async () => {
  const known = join(PROJECT, 'fixtures/skus/h200x2.yaml')
  process.env['PATH'] = `${fakeSmi({ query: 'h200/query.csv' })}:${PATH}`
  const file = join(temporaryFolder(), 'sku.yaml')
  writeFileSync(file, formatSkuProfile(await takeInventory(sysfs([0], [])), [known]))
  expect(loadSku(file).reference).toEqual(loadSku(known).reference)
  expect(loadSku(file)).toMatchObject({
    name: 'h200x1',
    nics: [],
    gpus: [{ pciBusID: '0000:00:06.0', numaNode: 0 }],
  })
})

test('a NIC whose NUMA node nobody knows, on a machine with several, is named', async () => {
  process.env['PATH'] = `${fakeSmi({ query: 'h200/query.csv' })}:${PATH}`
  await expect(takeInventory(sysfs([0, 1], [-1]))).rejects.toThrow(
    /NIC mlx5_0 \(0000:a0:00\.0\) is on a NUMA node that the kernel does not tell: expected one of 0, 1, found -1/,
  )
})
