/** ResourceSlices and DeviceClasses as the drivers of a node publish and install them. */
import type { Device, DeviceClass, ResourceSlice } from '../dra/objects.ts'
import { dranet } from '../vendors/dranet.ts'
import type { GpuVendor } from '../vendors/gpu-vendor.ts'

/** The only slice of a pool that is named after its node. */
export const nodeSlice = (driver: string, node: string, devices: readonly Device[]): ResourceSlice => ({
  apiVersion: 'resource.k8s.io/v1',
  kind: 'ResourceSlice',
  metadata: { name: `${node}-${driver}` },
  spec: { driver, pool: { name: node, generation: 1, resourceSliceCount: 1 }, nodeName: node, devices },
})

/** The DeviceClasses of DRANET and of the GPU driver. */
export const deviceClasses = (vendor: GpuVendor): readonly DeviceClass[] => [
  deviceClass(dranet.deviceClasses[0] ?? dranet.driver, dranet.driver),
  deviceClass(vendor.deviceClass, vendor.driver),
]

const deviceClass = (name: string, driver: string): DeviceClass => ({
  apiVersion: 'resource.k8s.io/v1',
  kind: 'DeviceClass',
  metadata: { name },
  spec: { selectors: [{ cel: { expression: `device.driver == "${driver}"` } }] },
})
