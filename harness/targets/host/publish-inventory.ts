/** The devices of a machine as its drivers would publish them in a cluster: ResourceSlices and the two DeviceClasses. */
import type { Device, DeviceClass, ResourceSlice } from '../../dra/objects.ts'
import { STANDARD_DOMAIN } from '../../dra/device-attributes.ts'
import { deviceClasses, nodeSlice } from '../../emulation/node-slice.ts'
import { dranet, dranetDeviceName } from '../../vendors/dranet.ts'
import type { GpuVendor } from '../../vendors/gpu-vendor.ts'
import type { Inventory, InventoryGpu } from './inventory.ts'
import type { SysfsNic } from './sysfs-nics.ts'

const DOMAIN = dranet.driver

export interface InventoryPublication {
  readonly slices: readonly ResourceSlice[]
  readonly classes: readonly DeviceClass[]
}

export function publishInventory({ vendor, node, gpus, nics }: Inventory): InventoryPublication {
  return {
    slices: [
      nodeSlice(
        vendor.driver,
        node,
        gpus.map((gpu) => gpuDevice(vendor, gpu)),
      ),
      nodeSlice(dranet.driver, node, nics.map(nicDevice)),
    ],
    classes: deviceClasses(vendor),
  }
}

function gpuDevice(vendor: GpuVendor, gpu: InventoryGpu): Device {
  return {
    name: gpu.name,
    attributes: vendor.attributesOf({
      pciAddress: gpu.pciAddress,
      pcieRoot: gpu.pciePath?.[0],
      numaNode: gpu.numaNode,
      uuid: gpu.uuid,
      productName: gpu.productName,
      architecture: gpu.architecture,
      driverVersion: gpu.driver === undefined ? undefined : semver(gpu.driver),
      ...(gpu.computeCapability === undefined ? {} : { computeCapability: semver(gpu.computeCapability) }),
    }),
    ...(gpu.memoryMiB === undefined ? {} : { capacity: { memory: { value: `${gpu.memoryMiB}Mi` } } }),
  }
}

function nicDevice(nic: SysfsNic): Device {
  const text = (name: string, value: string | undefined) =>
    value === undefined ? {} : { [name]: { string: value } }
  const int = (name: string, value: number | undefined) =>
    value === undefined ? {} : { [name]: { int: value } }
  return {
    name: dranetDeviceName(nic),
    attributes: {
      ...text(`${DOMAIN}/ifName`, nic.ifName),
      ...text(`${DOMAIN}/mac`, nic.mac),
      ...int(`${DOMAIN}/mtu`, nic.mtu),
      [`${DOMAIN}/pciAddress`]: { string: nic.pciAddress },
      [`${DOMAIN}/pciDevice`]: { string: nic.model },
      [`${DOMAIN}/pciVendor`]: { string: nic.vendor },
      ...int(`${DOMAIN}/numaNode`, nic.numaNode),
      [`${DOMAIN}/rdma`]: { bool: true },
      [`${DOMAIN}/rdmaDevice`]: { string: nic.name },
      ...text(`${STANDARD_DOMAIN}/pcieRoot`, nic.pciePath?.[0]),
      ...int(`${STANDARD_DOMAIN}/numaNode`, nic.numaNode),
    },
  }
}

/** `580.159.04` has a zero too much for a semantic version, and `9.0` a part too few. */
const semver = (text: string): string => {
  const [major = 0, minor = 0, patch = 0] = text.split('.').map(Number)
  return `${major}.${minor}.${patch}`
}
