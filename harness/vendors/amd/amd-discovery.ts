/** Discovers AMD GPUs of this machine: their PCI functions and memory in sysfs, their names with amd-smi or rocm-smi. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DiscoveredGpu, DiscoveredGpus, GpuDiscovery, GpuUsage } from '../gpu-discovery.ts'
import { gpusInSysfs } from '../sysfs-gpus.ts'
import { unavailable } from '../unavailable.ts'
import { queryAmdGpus, queryAmdProcesses, type AmdGpu } from './amd-smi.ts'
import { AMD_PCI_VENDOR_ID } from './pci-vendor-id.ts'

const MIB = 2 ** 20

export const amdDiscovery: GpuDiscovery = { find, usage }

async function find(sysfs: string): Promise<DiscoveredGpus> {
  const described = await queryAmdGpus()
  const gpus = gpusInSysfs(sysfs, AMD_PCI_VENDOR_ID).map((pciAddress) => {
    const gpu = described.find((one) => one.pciAddress === pciAddress)
    if (gpu === undefined)
      throw unavailable(`has an AMD GPU that its driver does not list: the one at ${pciAddress}`, {
        expected: `one of ${described.map((one) => one.pciAddress).join(', ') || 'none'}`,
        hint: 'See lspci -k for the driver that it is bound to, and dmesg for what amdgpu says of it.',
      })
    return located(sysfs, gpu)
  })
  return { gpus: gpus.sort((a, b) => a.index - b.index), linkPairs: [], wired: undefined, warnings: [] }
}

function located(sysfs: string, gpu: AmdGpu): DiscoveredGpu {
  const { index, pciAddress, driver, architecture } = gpu
  const state = (file: string): string | undefined => stateOf(sysfs, pciAddress, file)
  const partition = state('current_compute_partition')
  if (partition !== undefined && partition !== 'SPX')
    throw unavailable(`has a GPU that is divided into partitions: GPU ${index} at ${pciAddress}`, {
      expected: 'SPX, one whole GPU',
      found: partition,
      hint: 'Set it with amd-smi set --compute-partition SPX.',
    })
  const bytes = Number(state('mem_info_vram_total'))
  return {
    index,
    uuid: uuidOf(sysfs, gpu),
    // The DRA driver publishes names with underscores.
    productName: (state('product_name') ?? gpu.productName ?? `AMD GPU ${state('device') ?? ''}`)
      .trim()
      .replaceAll(' ', '_'),
    architecture,
    pciAddress,
    memoryMiB: bytes > 0 ? Math.round(bytes / MIB) : gpu.memoryMiB,
    driver,
    numaNode: undefined,
    numaAffinity: [],
    memoryNumaNode: undefined,
    // XGMI links are not judged.
    links: undefined,
  }
}

async function usage(sysfs: string): Promise<GpuUsage> {
  const [gpus, processes] = await Promise.all([queryAmdGpus(), queryAmdProcesses()])
  return {
    users: processes.flatMap(({ gpu: index, ...process }) => {
      const gpu = gpus.find((one) => one.index === index)
      return gpu === undefined ? [] : [{ ...process, uuid: uuidOf(sysfs, gpu) }]
    }),
    usedMiB: new Map(
      gpus.map((gpu) => {
        const bytes = stateOf(sysfs, gpu.pciAddress, 'mem_info_vram_used')
        return [uuidOf(sysfs, gpu), bytes === undefined ? undefined : Math.round(Number(bytes) / MIB)]
      }),
    ),
  }
}

/** As ROCR_VISIBLE_DEVICES accepts it: `GPU-` and 16 digits, or the number of the GPU where it has no identifier. */
function uuidOf(sysfs: string, { index, pciAddress, uniqueId }: AmdGpu): string {
  const id = stateOf(sysfs, pciAddress, 'unique_id') ?? uniqueId
  return id === undefined ? String(index) : `GPU-${id}`
}

/** Undefined where the driver has no such file, or an empty one. */
function stateOf(sysfs: string, pciAddress: string, file: string): string | undefined {
  const path = join(sysfs, 'bus/pci/devices', pciAddress, file)
  return (existsSync(path) ? readFileSync(path, 'utf8').trim() : '') || undefined
}
