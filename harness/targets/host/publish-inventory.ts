/** The devices of a machine as its drivers would publish them in a cluster: ResourceSlices and the two DeviceClasses. */
import type { Device, DeviceClass, ResourceSlice } from '../../dra/objects.ts'
import { STANDARD_DOMAIN } from '../../dra/device-attributes.ts'
import { deviceClasses, nodeSlice } from '../../emulation/node-slice.ts'
import { pcieRootOf } from '../../emulation/pcie-path.ts'
import { dranet, dranetDeviceName } from '../../vendors/dranet.ts'
import { nvidia } from '../../vendors/nvidia/nvidia.ts'
import { architectureOf } from '../../vendors/nvidia/gpu-architecture.ts'
import type { Inventory, InventoryGpu, InventoryNic } from './inventory.ts'

const DOMAIN = dranet.driver

export interface InventoryPublication {
  readonly slices: readonly ResourceSlice[]
  readonly classes: readonly DeviceClass[]
}

export function publishInventory({ node, gpus, nics }: Inventory): InventoryPublication {
  return {
    slices: [
      nodeSlice(nvidia.driver, node, gpus.map(gpuDevice)),
      nodeSlice(dranet.driver, node, nics.map(nicDevice)),
    ],
    classes: deviceClasses(nvidia),
  }
}

function gpuDevice(gpu: InventoryGpu): Device {
  return {
    name: gpu.name,
    attributes: nvidia.attributesOf({
      pciAddress: gpu.pciAddress,
      pcieRoot: pcieRootOf(gpu.pciAddress, {}),
      numaNode: gpu.numaNode,
      uuid: gpu.uuid,
      productName: gpu.productName,
      architecture: architectureOf(gpu.computeCapability),
      driverVersion: semver(gpu.driver),
      computeCapability: semver(gpu.computeCapability),
    }),
    capacity: { memory: { value: `${gpu.memoryMiB}Mi` } },
  }
}

function nicDevice(nic: InventoryNic): Device {
  const text = (name: string, value: string | undefined) =>
    value === undefined ? {} : { [name]: { string: value } }
  return {
    name: dranetDeviceName(nic),
    attributes: {
      ...text(`${DOMAIN}/ifName`, nic.ifName),
      ...text(`${DOMAIN}/mac`, nic.mac),
      ...(nic.mtu === undefined ? {} : { [`${DOMAIN}/mtu`]: { int: nic.mtu } }),
      [`${DOMAIN}/pciAddress`]: { string: nic.pciAddress },
      [`${DOMAIN}/pciDevice`]: { string: nic.model },
      [`${DOMAIN}/pciVendor`]: { string: nic.vendor },
      [`${DOMAIN}/numaNode`]: { int: nic.numaNode },
      [`${DOMAIN}/rdma`]: { bool: true },
      [`${DOMAIN}/rdmaDevice`]: { string: nic.name },
      [`${STANDARD_DOMAIN}/pcieRoot`]: { string: pcieRootOf(nic.pciAddress, {}) },
      [`${STANDARD_DOMAIN}/numaNode`]: { int: nic.numaNode },
    },
  }
}

/** `580.159.04` has a zero too much for a semantic version, and `9.0` a part too few. */
const semver = (text: string): string => {
  const [major = 0, minor = 0, patch = 0] = text.split('.').map(Number)
  return `${major}.${minor}.${patch}`
}
