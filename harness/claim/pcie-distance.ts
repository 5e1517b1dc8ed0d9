/**
 * How far a GPU is from a NIC, in the terms of `nvidia-smi topo -m`, from the PCIe paths and NUMA nodes of both. The transfer
 * binary (native/transfer/src/topo/distance.rs) decides by the same rule.
 */

/**
 * From near to far. PIX: at most one PCIe switch between them. PXB: several switches, no host bridge. PHB: the host bridge
 * that both hang on. NODE: two host bridges of one NUMA node. SYS: the interconnect between NUMA nodes.
 */
export const DISTANCES = ['PIX', 'PXB', 'PHB', 'NODE', 'SYS'] as const
export type Distance = (typeof DISTANCES)[number]

/** What a suite asks of a distance: exactly it, or a bound. */
export type DistanceRequirement = Distance | `${Distance} or nearer` | `${Distance} or farther`

export interface PciePosition {
  readonly numaNode: number
  /**
   * From the host bridge (`pci0000:3a`) over the PCI bridges above the device, without the device itself. Only the host
   * bridge: the bridges are not known. Absent or empty: nothing is known.
   */
  readonly pciePath?: readonly string[] | undefined
}

/** Where only the host bridge is known, devices that share it are at most PHB apart: PHB. */
export function distanceOf(one: PciePosition, other: PciePosition): Distance {
  const [a, b] = [one.pciePath ?? [], other.pciePath ?? []]
  const differs = a.findIndex((part, index) => part !== b[index])
  const shared = differs < 0 ? a.length : differs
  if (shared === 0) return one.numaNode === other.numaNode ? 'NODE' : 'SYS'
  if (shared === 1) return 'PHB'
  // A switch is its upstream port, which both share, and one downstream port for each of the two.
  return Math.max(a.length, b.length) - shared <= 1 ? 'PIX' : 'PXB'
}

export function meetsDistance(distance: Distance, requirement: DistanceRequirement): boolean {
  const [limit = '', bound] = requirement.split(' or ')
  const [found, asked] = [DISTANCES.indexOf(distance), DISTANCES.findIndex((one) => one === limit)]
  if (bound === 'nearer') return found <= asked
  return bound === 'farther' ? found >= asked : found === asked
}
