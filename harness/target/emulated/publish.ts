/**
 * What the drivers of an emulated rack publish. Takes a rack; gives ResourceSlices as DRANET and the NVIDIA GPU driver
 * write them, and the two DeviceClasses. A `numa-misreport` changes what is published, never what the rack is.
 */
import { GPU_CLASS, NIC_CLASS } from '../../claim/template.ts'
import type { Device, DeviceClass, ResourceSlice } from '../../claim/dra.ts'
import { GPU_DRIVER, NIC_DRIVER } from '../../claim/published-device.ts'
import type { Rack } from '../../rack/rack.ts'
import { gpuDevice } from './publish-gpu.ts'
import { nicDevice, otherInterfaces } from './publish-nic.ts'
import { railAddress } from './rails.ts'

export interface Publication {
  readonly slices: readonly ResourceSlice[]
  readonly classes: readonly DeviceClass[]
}

export function publish(rack: Rack): Publication {
  return {
    slices: rack.nodes.flatMap((node, nodeIndex) => [
      slice(NIC_DRIVER, node, [...otherInterfaces(nodeIndex), ...nics(rack, node, nodeIndex)]),
      slice(
        GPU_DRIVER,
        node,
        rack.sku.gpus.map((gpu, index) => gpuDevice(rack, gpu, nodeIndex * rack.sku.gpus.length + index)),
      ),
    ]),
    classes: [deviceClass(NIC_CLASS, NIC_DRIVER), deviceClass(GPU_CLASS, GPU_DRIVER)],
  }
}

function slice(driver: string, node: string, devices: readonly Device[]): ResourceSlice {
  return {
    apiVersion: 'resource.k8s.io/v1',
    kind: 'ResourceSlice',
    metadata: { name: `${node}-${driver}` },
    spec: {
      driver,
      pool: { name: node, generation: 1, resourceSliceCount: 1 },
      nodeName: node,
      devices,
    },
  }
}

function deviceClass(name: string, driver: string): DeviceClass {
  return {
    apiVersion: 'resource.k8s.io/v1',
    kind: 'DeviceClass',
    metadata: { name },
    spec: { selectors: [{ cel: { expression: `device.driver == "${driver}"` } }] },
  }
}

function nics({ sku, faults }: Rack, node: string, nodeIndex: number): Device[] {
  return sku.nics.map((nic, nicIndex) => {
    const misreport = faults.find(
      (fault) => fault.kind === 'numa-misreport' && fault.node === node && fault.nic === nic.name,
    )
    const numaNode = misreport?.kind === 'numa-misreport' ? misreport.numaNode : nic.numaNode
    return nicDevice(sku, nic, numaNode, railAddress(nodeIndex, nicIndex))
  })
}
