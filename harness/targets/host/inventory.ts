/**
 * The inventory of this machine from nvidia-smi and sysfs: GPUs, their links, and NICs, each with its NUMA node. An unknown
 * NUMA node on a machine with several is an error, not a guess.
 */
import { hostname } from 'node:os'
import { ClaimcheckError } from '../../core/errors.ts'
import { queryGpus, queryTopology, type QueriedGpu } from '../../vendors/nvidia/nvidia-smi.ts'
import { nicsIn, numaNodeAt, numaNodesIn, type SysfsNic } from './sysfs-nics.ts'
import { linksOf, type GpuTopology } from '../../vendors/nvidia/topology-matrix.ts'

export interface InventoryGpu extends QueriedGpu {
  /** As the GPU driver publishes it: `gpu-0`. */
  readonly name: string
  readonly numaNode: number
}

export type InventoryNic = SysfsNic & { readonly numaNode: number }

export interface Inventory {
  /** One label of a host name, as a Kubernetes node has it. */
  readonly node: string
  readonly gpus: readonly InventoryGpu[]
  readonly topology: GpuTopology
  /** NVLinks between every two GPUs; undefined for one GPU, or where pairs differ. */
  readonly links: number | undefined
  readonly nics: readonly InventoryNic[]
  readonly numaNodes: readonly number[]
}

/** Rejects with TARGET_UNAVAILABLE. */
export async function takeInventory(sysfs = '/sys'): Promise<Inventory> {
  const gpus = await queryGpus()
  const topology = await queryTopology()
  const numaNodes = numaNodesIn(sysfs)
  const only = numaNodes.length <= 1 ? (numaNodes[0] ?? 0) : undefined
  const located = gpus.map((gpu) => ({
    ...gpu,
    name: `gpu-${gpu.index}`,
    numaNode:
      numaNodeAt(sysfs, gpu.pciAddress) ??
      topology.numaNodes[gpu.index] ??
      only ??
      unknown(`GPU ${gpu.index} (${gpu.pciAddress})`, numaNodes),
  }))
  const nics = nicsIn(sysfs).map((nic) => ({
    ...nic,
    numaNode: nic.numaNode ?? only ?? unknown(`NIC ${nic.name} (${nic.pciAddress})`, numaNodes),
  }))
  const node = hostname().split('.')[0]?.toLowerCase() ?? 'host'
  return { node, gpus: located, topology, links: linksOf(topology), nics, numaNodes }
}

function unknown(device: string, numaNodes: readonly number[]): never {
  throw new ClaimcheckError('TARGET_UNAVAILABLE', {
    subject: `this machine's ${device}`,
    problem: 'is on a NUMA node that the kernel does not report',
    expected: `one of ${numaNodes.join(', ')}`,
    found: '-1',
    hint: 'The firmware reports it (ACPI _PXM); look for a BIOS setting or update.',
  })
}
