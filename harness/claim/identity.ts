/** Which device of the SKU a published one is. The PCI address decides: every driver version publishes it. */
import type { Sku, SkuGpu, SkuNic } from '../sku/sku.ts'
import type { PublishedGpu, PublishedNic } from './published-device.ts'

export const skuGpuOf = ({ pciAddress }: Pick<PublishedGpu, 'pciAddress'>, sku: Sku): SkuGpu | undefined =>
  sku.gpus.find((gpu) => gpu.pciBusID === pciAddress)

export const skuNicOf = ({ pciAddress }: Pick<PublishedNic, 'pciAddress'>, sku: Sku): SkuNic | undefined =>
  sku.nics.find((nic) => nic.pciAddress === pciAddress)

/** What people call it: the RDMA device of the SKU, else the best that is published. */
export const nicName = (nic: PublishedNic, sku: Sku): string =>
  skuNicOf(nic, sku)?.name ?? nic.rdmaDevice ?? nic.ifName ?? nic.name
