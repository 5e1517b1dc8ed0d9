/**
 * Which device of the SKU a published one is. The PCI address decides, which drivers publish in every version; a NIC that
 * publishes none is found by its interface.
 */
import type { Sku, SkuGpu, SkuNic } from '../sku/sku.ts'
import type { PciePosition } from './pcie-distance.ts'
import type { PublishedDevice, PublishedGpu, PublishedNic } from './published-device.ts'

export const skuGpuOf = ({ pciAddress }: Pick<PublishedGpu, 'pciAddress'>, sku: Sku): SkuGpu | undefined =>
  sku.gpus.find((gpu) => gpu.pciBusID === pciAddress)

export const skuNicOf = (
  { pciAddress, ifName }: Pick<PublishedNic, 'pciAddress'> & Partial<Pick<PublishedNic, 'ifName'>>,
  sku: Sku,
): SkuNic | undefined =>
  sku.nics.find((nic) =>
    pciAddress === undefined
      ? nic.ifName !== undefined && nic.ifName === ifName
      : nic.pciAddress === pciAddress,
  )

/** The RDMA device's name in the SKU, else the best name that is published. */
export const nicName = (nic: PublishedNic, sku: Sku): string =>
  skuNicOf(nic, sku)?.name ?? nic.rdmaDevice ?? nic.ifName ?? nic.name

/**
 * The NUMA node that a driver publishes as the device's own: the first of a list (KEP-6072), but not the node of a GPU's own
 * memory, which has no CPUs. Undefined where nothing else is published.
 */
export const publishedNumaNode = (
  numaNodes: readonly number[] | undefined,
  memoryNumaNode?: number,
): number | undefined => numaNodes?.find((node) => node !== memoryNumaNode)

/** By the SKU, with the published host bridge where the SKU states no path. */
export const positionOf = (
  known: Pick<SkuGpu, 'numaNode' | 'pciePath'>,
  { pcieRoot }: Pick<PublishedDevice, 'pcieRoot'>,
): PciePosition => ({
  numaNode: known.numaNode,
  pciePath: known.pciePath ?? (pcieRoot === undefined ? undefined : [pcieRoot]),
})
