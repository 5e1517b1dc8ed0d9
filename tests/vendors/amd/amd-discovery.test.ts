/**
 * AMD GPUs by sysfs and amd-smi or rocm-smi: found, published as `gpu.amd.com` does, and claimed. The answers are composed in
 * the form of public ones: amd-smi of ROCm 6 (a list) and 7 (`gpu_data`), rocm-smi of ROCm 5 and 6.
 */
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { allGpusTemplate } from '../../../harness/claim/claim-template.ts'
import { resolveAllocation } from '../../../harness/claim/allocated-claim.ts'
import { publicationOf } from '../../../harness/claim/publication.ts'
import { compareTopology } from '../../../harness/claim/published-topology.ts'
import { Journal } from '../../../harness/core/journal.ts'
import { seconds } from '../../../harness/core/units.ts'
import { InProcessScheduler } from '../../../harness/scheduling/in-process-scheduler.ts'
import { gpuMemoryOf } from '../../../harness/sku/sku-vendor.ts'
import { loadSku } from '../../../harness/sku/sku.ts'
import { busyGpus } from '../../../harness/targets/host/busy-gpus.ts'
import { takeInventory } from '../../../harness/targets/host/inventory.ts'
import { environmentOf } from '../../../harness/targets/host/pod-environment.ts'
import { publishInventory } from '../../../harness/targets/host/publish-inventory.ts'
import { formatSkuProfile } from '../../../harness/targets/host/sku-profile.ts'
import { temporaryFolder } from '../../support/rack-file.ts'
import { sysfsOf } from '../../support/sysfs.ts'

const { PATH = '' } = process.env
afterEach(() => {
  process.env['PATH'] = PATH
})

/** Programs by name, each with what it prints by its first argument; no other program is found but those of the shell. */
function install(programs: Readonly<Record<string, Readonly<Record<string, unknown>>>>): void {
  const folder = temporaryFolder()
  for (const [name, answers] of Object.entries(programs)) {
    const cases = Object.entries(answers).map(([argument, answer]) => {
      writeFileSync(join(folder, `${name}${argument}.json`), JSON.stringify(answer))
      return `  ${argument}) cat '${join(folder, `${name}${argument}.json`)}' ;;`
    })
    writeFileSync(join(folder, name), ['#!/bin/sh', 'case "$1" in', ...cases, 'esac', ''].join('\n'))
    chmodSync(join(folder, name), 0o755)
  }
  process.env['PATH'] = `${folder}:/usr/bin:/bin`
}

const gpu = (bus: string, numaNode: number, files: Readonly<Record<string, string>> = {}) => ({
  path: `pci0000:${bus}/0000:${bus}:01.1/0000:${bus}:05.0`,
  numaNode,
  vendor: '0x1002',
  class: '0x120000',
  device: '0x74a1',
  files: {
    unique_id: `4d30${bus}00000000aa`,
    mem_info_vram_total: '206141652992',
    current_compute_partition: 'SPX',
    ...files,
  },
})
const node = (files: Readonly<Record<string, string>> = {}): string =>
  sysfsOf({ numaNodes: { 0: '0-47', 1: '48-95' }, gpus: [gpu('0c', 0, files), gpu('9c', 1)] })

const described = (index: number, bus: string) => ({
  gpu: index,
  asic: {
    market_name: 'AMD Instinct MI300X',
    vendor_id: '0x1002',
    device_id: '0x74a1',
    asic_serial: `0x4D30${bus}00000000AA`,
    target_graphics_version: 'gfx942',
  },
  bus: { bdf: `0000:${bus.toUpperCase()}:05.0`, max_pcie_width: 16 },
  driver: { name: 'amdgpu', version: '6.10.5' },
  vram: { type: 'HBM3', vendor: 'N/A', size: { value: 196592, unit: 'MB' } },
})
const LIST = [described(0, '0c'), described(1, '9c')]
const IDLE = LIST.map(({ gpu: index }) => ({
  gpu: index,
  process_list: [{ process_info: 'No running processes detected' }],
}))
const card = (bus: string) => ({
  'PCI Bus': `0000:${bus.toUpperCase()}:05.0`,
  'Card Series': 'AMD Instinct MI300X',
  'GFX Version': 'gfx942',
  'Unique ID': `0x4d30${bus}00000000aa`,
  'VRAM Total Memory (B)': '206141652992',
  'VRAM Total Used Memory (B)': '301989888',
})

test.for([
  ['amd-smi of ROCm 6', { 'amd-smi': { static: LIST, process: IDLE } }],
  ['amd-smi of ROCm 7', { 'amd-smi': { static: { gpu_data: LIST }, process: IDLE } }],
  [
    'rocm-smi',
    { 'rocm-smi': { '*': { card0: card('0c'), card1: card('9c'), system: { 'Driver version': '6.10.5' } } } },
  ],
] as const)('%s and sysfs: two GPUs, a profile, and slices that match it', async ([, programs]) => {
  install(programs)
  const inventory = await takeInventory(node())
  expect(inventory.gpus).toMatchObject([
    {
      name: 'gpu-0',
      uuid: 'GPU-4d300c00000000aa',
      productName: 'AMD_Instinct_MI300X',
      architecture: 'gfx942',
      pciAddress: '0000:0c:05.0',
      pciePath: ['pci0000:0c', '0000:0c:01.1'],
      numaNode: 0,
      memoryMiB: 196592,
      driver: '6.10.5',
    },
    { name: 'gpu-1', pciAddress: '0000:9c:05.0', numaNode: 1 },
  ])
  const file = join(temporaryFolder(), 'sku.yaml')
  writeFileSync(file, formatSkuProfile(inventory, []))
  const sku = loadSku(file)
  const { slices, classes } = publishInventory(inventory)
  expect(sku.gpu).toMatchObject({ vendor: 'amd', memory: '196592 MiB' })
  expect(compareTopology(slices, sku)).toEqual([])
  expect(slices[0]?.spec).toMatchObject({
    driver: 'gpu.amd.com',
    devices: [
      {
        attributes: {
          type: { string: 'amdgpu' },
          productName: { string: 'AMD_Instinct_MI300X' },
          numaNode: { int: 0 },
          'resource.kubernetes.io/pciBusID': { string: '0000:0c:05.0' },
          'resource.kubernetes.io/pcieRoot': { string: 'pci0000:0c' },
        },
      },
      {},
    ],
  })

  const scheduler = new InProcessScheduler({
    nodes: [inventory.node],
    slices,
    classes,
    journal: new Journal(),
    foreignDevices: async () => [],
  })
  const template = allGpusTemplate(sku, { published: publicationOf(slices) })
  scheduler.apply(template)
  const pod = await scheduler.schedule(
    { name: 'pod', group: 'pod', template: template.metadata.name, containers: [{ name: 'main', args: [] }] },
    { within: seconds(10) },
  )
  expect(new Set(resolveAllocation(pod.claim, slices).gpus.map(({ pciAddress }) => pciAddress))).toEqual(
    new Set(['0000:0c:05.0', '0000:9c:05.0']),
  )
  const env = environmentOf(pod, inventory, { env: {}, nixl: { capi: '/nixl' } as never })
  expect(env['ROCR_VISIBLE_DEVICES']).toBe('GPU-4d300c00000000aa,GPU-4d309c00000000aa')
  expect(env['CUDA_VISIBLE_DEVICES']).toBeUndefined()
  scheduler.close()
  expect(() => gpuMemoryOf(sku)).toThrow(/this build has no NIXL with AMD GPU memory.*memory: 'host'/)
})

test('who uses a GPU is named', async () => {
  const busy = {
    name: 'python3',
    pid: 4242,
    memory_usage: { vram_mem: { value: 121000 * 2 ** 20, unit: 'B' } },
  }
  install({
    'amd-smi': { static: LIST, process: [{ gpu: 1, process_list: [{ process_info: busy }] }, IDLE[0]] },
  })
  const root = node({ mem_info_vram_used: '300000000000' })
  const { discovery, gpus } = await takeInventory(root)
  expect(await busyGpus(discovery, gpus, new Set(), root)).toMatchObject([
    {
      gpu: { name: 'gpu-0' },
      holder: 'a program that cannot be seen from here, which holds 286102 MiB of it',
    },
    { gpu: { name: 'gpu-1' }, holder: 'process 4242 (python3), which holds 121000 MiB of it' },
  ])
})

test.for([
  ['no program', {}, {}, /has AMD GPUs but no program that describes them: expected amd-smi or rocm-smi/],
  [
    'partitions',
    { 'amd-smi': { static: LIST } },
    { current_compute_partition: 'CPX' },
    /divided into partitions: GPU 0 at 0000:0c:05\.0: expected SPX, one whole GPU, found CPX/,
  ],
  [
    'a GPU that the driver does not list',
    { 'amd-smi': { static: LIST.slice(1) } },
    {},
    /an AMD GPU that its driver does not list: the one at 0000:0c:05\.0: expected one of 0000:9c:05\.0/,
  ],
  ['another form', { 'amd-smi': { static: [{ gpu: 'zero' }] } }, {}, /amd-smi whose answer cannot be parsed/],
] as const)('%s: TARGET_UNAVAILABLE', async ([, programs, files, message]) => {
  install(programs)
  await expect(takeInventory(node(files))).rejects.toThrow(
    expect.objectContaining({
      code: 'TARGET_UNAVAILABLE',
      message: expect.stringMatching(message) as string,
    }),
  )
})
