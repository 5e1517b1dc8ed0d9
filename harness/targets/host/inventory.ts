/**
 * The inventory of this machine from its vendors' tools and sysfs: GPUs, their links, and NICs, each with PCI path and NUMA
 * node. A NUMA node that nothing on the machine states stays unknown.
 */
import { hostname } from 'node:os'
import type { DiscoveredGpu } from '../../vendors/gpu-discovery.ts'
import { gpusOfMachine, type MachineGpus } from '../../vendors/machine-gpus.ts'
import { nicsIn, type SysfsNic } from './sysfs-nics.ts'
import { numaNodeAt, numaNodesIn, pciePathAt } from './sysfs-pci.ts'

export interface InventoryGpu extends Omit<DiscoveredGpu, 'numaAffinity'> {
  /** As the GPU driver publishes it: `gpu-0`. */
  readonly name: string
  /** From the host bridge over the PCI bridges above it; undefined where sysfs does not show it. */
  readonly pciePath: readonly string[] | undefined
}

export interface Inventory extends Pick<
  MachineGpus,
  'vendor' | 'discovery' | 'linkPairs' | 'wired' | 'warnings'
> {
  /** One label of a host name, as a Kubernetes node has it. */
  readonly node: string
  readonly gpus: readonly InventoryGpu[]
  /** Active links of each GPU; undefined where GPUs differ or it is unknown. */
  readonly links: number | undefined
  readonly nics: readonly SysfsNic[]
  /** Those that devices can be near to. */
  readonly numaNodes: readonly number[]
}

/** Rejects with TARGET_UNAVAILABLE. */
export async function takeInventory(sysfs = '/sys'): Promise<Inventory> {
  const { gpus, ...found } = await gpusOfMachine(sysfs)
  const numaNodes = numaNodesIn(sysfs)
  const located = gpus.map((gpu) => locate(gpu, sysfs, numaNodes))
  const nics = nicsIn(sysfs).map((nic) => ({ ...nic, numaNode: nic.numaNode ?? onlyNode(numaNodes) }))
  const node = hostname().split('.')[0]?.toLowerCase() ?? 'host'
  const counts = new Set(located.map(({ links }) => links))
  return {
    ...found,
    node,
    gpus: located,
    links: counts.size === 1 ? [...counts][0] : undefined,
    nics,
    numaNodes,
  }
}

function locate(
  { numaAffinity, ...gpu }: DiscoveredGpu,
  sysfs: string,
  numaNodes: readonly number[],
): InventoryGpu {
  const known = numaNodeAt(sysfs, gpu.pciAddress)
  // On Grace, a driver may state the node that the GPU's own memory is.
  const isMemory = known !== undefined && numaNodes.length > 0 && !numaNodes.includes(known)
  const near = numaAffinity.filter((node) => numaNodes.includes(node))
  return {
    ...gpu,
    name: `gpu-${gpu.index}`,
    pciePath: pciePathAt(sysfs, gpu.pciAddress),
    numaNode:
      (isMemory ? undefined : known) ?? (near.length === 1 ? near[0] : gpu.numaNode) ?? onlyNode(numaNodes),
    memoryNumaNode: gpu.memoryNumaNode ?? (isMemory ? known : undefined),
  }
}

/** Undefined where there are several. A kernel without NUMA shows none, and drivers call it 0. */
const onlyNode = (nodes: readonly number[]): number | undefined =>
  nodes.length <= 1 ? (nodes[0] ?? 0) : undefined
