/**
 * A machine's devices as its drivers would publish them in a cluster. Takes an inventory; gives ResourceSlices as DRANET
 * and the NVIDIA GPU driver write them, and the two DeviceClasses.
 */
import type { Device, DeviceClass, ResourceSlice } from '../../dra/objects.ts'
import { GPU_DRIVER, NIC_DRIVER, STANDARD_DOMAIN } from '../../claim/published-device.ts'
import { GPU_CLASS, NIC_CLASS } from '../../claim/claim-template.ts'
import { rootOf } from '../../emulation/publish-nic.ts'
import { architectureOf } from './gpu-architecture.ts'
import type { Inventory, InventoryGpu, InventoryNic } from './inventory.ts'

export interface InventoryPublication {
  readonly slices: readonly ResourceSlice[]
  readonly classes: readonly DeviceClass[]
}

export function publishInventory({ node, gpus, nics }: Inventory): InventoryPublication {
  return {
    slices: [slice(GPU_DRIVER, node, gpus.map(gpuDevice)), slice(NIC_DRIVER, node, nics.map(nicDevice))],
    classes: [deviceClass(NIC_CLASS, NIC_DRIVER), deviceClass(GPU_CLASS, GPU_DRIVER)],
  }
}

/** How DRANET names a device on PCI. */
export const nicDeviceName = ({ pciAddress }: Pick<InventoryNic, 'pciAddress'>): string =>
  `pci-${pciAddress.replaceAll(/[:.]/g, '-')}`

function gpuDevice(gpu: InventoryGpu): Device {
  return {
    name: gpu.name,
    attributes: {
      type: { string: 'gpu' },
      uuid: { string: gpu.uuid },
      productName: { string: gpu.productName },
      brand: { string: 'Nvidia' },
      architecture: { string: architectureOf(gpu.computeCapability) },
      cudaComputeCapability: { version: semver(gpu.computeCapability) },
      driverVersion: { version: semver(gpu.driver) },
      [`${STANDARD_DOMAIN}/pciBusID`]: { string: gpu.pciAddress },
      [`${STANDARD_DOMAIN}/pcieRoot`]: { string: rootOf(gpu.pciAddress) },
      [`${STANDARD_DOMAIN}/numaNode`]: { int: gpu.numaNode },
    },
    capacity: { memory: { value: `${gpu.memoryMiB}Mi` } },
  }
}

function nicDevice(nic: InventoryNic): Device {
  const text = (name: string, value: string | undefined) =>
    value === undefined ? {} : { [name]: { string: value } }
  return {
    name: nicDeviceName(nic),
    attributes: {
      ...text('dra.net/ifName', nic.ifName),
      ...text('dra.net/mac', nic.mac),
      ...(nic.mtu === undefined ? {} : { 'dra.net/mtu': { int: nic.mtu } }),
      'dra.net/pciAddress': { string: nic.pciAddress },
      'dra.net/pciDevice': { string: nic.model },
      'dra.net/pciVendor': { string: nic.vendor },
      'dra.net/numaNode': { int: nic.numaNode },
      'dra.net/rdma': { bool: true },
      'dra.net/rdmaDevice': { string: nic.name },
      [`${STANDARD_DOMAIN}/pcieRoot`]: { string: rootOf(nic.pciAddress) },
      [`${STANDARD_DOMAIN}/numaNode`]: { int: nic.numaNode },
    },
  }
}

/** `580.159.04` has a zero too much for a semantic version, and `9.0` a part too few. */
const semver = (text: string): string => {
  const [major = 0, minor = 0, patch = 0] = text.split('.').map(Number)
  return `${major}.${minor}.${patch}`
}

function slice(driver: string, node: string, devices: readonly Device[]): ResourceSlice {
  return {
    apiVersion: 'resource.k8s.io/v1',
    kind: 'ResourceSlice',
    metadata: { name: `${node}-${driver}` },
    spec: { driver, pool: { name: node, generation: 1, resourceSliceCount: 1 }, nodeName: node, devices },
  }
}

const deviceClass = (name: string, driver: string): DeviceClass => ({
  apiVersion: 'resource.k8s.io/v1',
  kind: 'DeviceClass',
  metadata: { name },
  spec: { selectors: [{ cel: { expression: `device.driver == "${driver}"` } }] },
})
