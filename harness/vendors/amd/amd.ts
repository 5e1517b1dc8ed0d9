/**
 * AMD GPUs, as the DRA driver `gpu.amd.com` publishes them (ROCm/k8s-gpu-dra-driver). Older drivers publish the PCI
 * address as `pciAddr` and no NUMA node. The transfer binary has no ROCm memory: transfers use host memory.
 */
import { STANDARD_DOMAIN, stringOf } from '../../dra/device-attributes.ts'
import type { GpuVendor } from '../gpu-vendor.ts'
import { AMD_PCI_VENDOR_ID } from './pci-vendor-id.ts'

const DRIVER = 'gpu.amd.com'

export const amd: GpuVendor = {
  id: 'amd',
  title: 'AMD',
  productNames: /amd|instinct|radeon|\bMI\d{3}/i,
  driver: DRIVER,
  deviceClass: DRIVER,
  pciVendorId: AMD_PCI_VENDOR_ID,
  pciAddressAttributes: [
    { domain: STANDARD_DOMAIN, name: 'pciBusID' },
    { domain: DRIVER, name: 'pciAddr' },
  ],
  wholeGpuType: 'amdgpu',
  describeType: (type) => (type === 'amdgpu-partition' ? 'a GPU partition' : `a device of type "${type}"`),
  attributesOf: (gpu) => ({
    type: { string: 'amdgpu' },
    productName: { string: gpu.productName },
    ...(gpu.driverVersion === undefined ? {} : { driverVersion: { version: gpu.driverVersion } }),
    [`${STANDARD_DOMAIN}/pciBusID`]: { string: gpu.pciAddress },
    ...(gpu.pcieRoot === undefined ? {} : { [`${STANDARD_DOMAIN}/pcieRoot`]: { string: gpu.pcieRoot } }),
    ...(gpu.numaNode === undefined ? {} : { numaNode: { int: gpu.numaNode } }),
  }),
  productName: (attributes) => stringOf(attributes.own('productName')),
  // ROCm's runtime numbers GPUs in PCI order and accepts their unique identifiers.
  visibilityEnv: (uuids) => ({ ROCR_VISIBLE_DEVICES: uuids.join(',') }),
  discover: async () => (await import('./amd-discovery.ts')).amdDiscovery,
}
