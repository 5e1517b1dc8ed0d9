/**
 * How far a GPU is from a NIC, in the words of `nvidia-smi topo -m`. The SKU's NUMA map decides, not what is published:
 * published topology is what is being tested.
 */
import type { SkuGpu, SkuNic } from '../sku/sku.ts'

/** PIX: a common PCIe root. NODE: the same NUMA node without one. SYS: across the socket interconnect. */
export type Distance = 'PIX' | 'NODE' | 'SYS'

interface Rooted {
  readonly pcieRoot?: string | undefined
}

export function distanceOf(
  gpu: Pick<SkuGpu, 'numaNode'> & Rooted,
  nic: Pick<SkuNic, 'numaNode'> & Rooted,
): Distance {
  if (gpu.numaNode !== nic.numaNode) return 'SYS'
  return gpu.pcieRoot !== undefined && gpu.pcieRoot === nic.pcieRoot ? 'PIX' : 'NODE'
}
