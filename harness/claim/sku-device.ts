/**
 * Which device of the SKU a published one is. Takes what is published; gives the SKU's own. The PCI address decides, which
 * drivers publish in every version; a NIC that publishes none goes by its interface.
 */
import type { Sku, SkuGpu, SkuNic } from '../sku/sku.ts'
import type { PublishedGpu, PublishedNic } from './published-device.ts'

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

/** What people call it: the RDMA device of the SKU, else the best that is published. */
export const nicName = (nic: PublishedNic, sku: Sku): string =>
  skuNicOf(nic, sku)?.name ?? nic.rdmaDevice ?? nic.ifName ?? nic.name
