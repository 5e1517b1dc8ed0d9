/**
 * NVIDIA GPUs, as the DRA driver `gpu.nvidia.com` publishes them (kubernetes-sigs/dra-driver-nvidia-gpu,
 * deviceinfo.go). Up to 25.8 the PCI address is `pcieBusID` in the driver's own domain; a NUMA node is published from
 * mid 2026 on.
 */
import { STANDARD_DOMAIN, stringOf } from '../../dra/device-attributes.ts'
import type { GpuVendor } from '../gpu-vendor.ts'

const DRIVER = 'gpu.nvidia.com'

const TYPES: Readonly<Record<string, string>> = {
  mig: 'a MIG partition',
  vfio: 'a GPU that is passed through to virtual machines',
}

export const nvidia: GpuVendor = {
  id: 'nvidia',
  title: 'NVIDIA',
  productNames: /nvidia|tesla|geforce|quadro/i,
  driver: DRIVER,
  deviceClass: DRIVER,
  pciVendorId: '0x10de',
  pciAddressAttributes: [
    { domain: STANDARD_DOMAIN, name: 'pciBusID' },
    { domain: DRIVER, name: 'pcieBusID' },
  ],
  wholeGpuType: 'gpu',
  describeType: (type) => TYPES[type] ?? `a device of type "${type}"`,
  attributesOf: (gpu) => ({
    type: { string: 'gpu' },
    uuid: { string: gpu.uuid },
    productName: { string: gpu.productName },
    brand: { string: 'Nvidia' },
    ...(gpu.architecture === undefined ? {} : { architecture: { string: gpu.architecture } }),
    ...(gpu.computeCapability === undefined
      ? {}
      : { cudaComputeCapability: { version: gpu.computeCapability } }),
    ...(gpu.driverVersion === undefined ? {} : { driverVersion: { version: gpu.driverVersion } }),
    ...(gpu.runtimeVersion === undefined ? {} : { cudaDriverVersion: { version: gpu.runtimeVersion } }),
    addressingMode: { string: 'None' },
    [`${STANDARD_DOMAIN}/pciBusID`]: { string: gpu.pciAddress },
    ...(gpu.pcieRoot === undefined ? {} : { [`${STANDARD_DOMAIN}/pcieRoot`]: { string: gpu.pcieRoot } }),
    ...(gpu.numaNode === undefined ? {} : { [`${STANDARD_DOMAIN}/numaNode`]: { int: gpu.numaNode } }),
  }),
  productName: (attributes) => stringOf(attributes.own('productName')),
  visibilityEnv: (uuids) => ({ CUDA_DEVICE_ORDER: 'PCI_BUS_ID', CUDA_VISIBLE_DEVICES: uuids.join(',') }),
  discover: async () => (await import('./nvidia-discovery.ts')).nvidiaDiscovery,
  memory: {
    devicePrefix: 'cuda',
    directTransport: /^cuda_ipc\b/,
    stagedTransports: 'tcp,cuda_copy',
  },
}
