/**
 * The ResourceSlices and DeviceClasses that the drivers of an emulated rack publish. Faults of publishing change only the
 * published attributes, not the rack itself.
 */
import type { Device, DeviceClass, ResourceSlice } from '../dra/objects.ts'
import { faultOnNode } from '../rack/node-faults.ts'
import { trueMtu } from '../rack/link-model.ts'
import type { Rack } from '../rack/rack.ts'
import type { SkuGpu, SkuNic } from '../sku/sku.ts'
import { vendorOf } from '../sku/sku-vendor.ts'
import { dranet } from '../vendors/dranet.ts'
import { gpuDevice } from './publish-gpu.ts'
import { deviceClasses, nodeSlice } from './node-slice.ts'
import { nicDevice, otherInterfaces } from './publish-nic.ts'
import { railAddress } from './rail-addresses.ts'

export interface Publication {
  readonly slices: readonly ResourceSlice[]
  readonly classes: readonly DeviceClass[]
}

export function publishRack(rack: Rack): Publication {
  return {
    slices: rack.nodes.flatMap((node, nodeIndex) => [
      nodeSlice(dranet.driver, node, [...otherInterfaces(nodeIndex), ...nics(rack, node, nodeIndex)]),
      ...(rack.sku.gpus.length === 0 ? [] : [gpuSlice(rack, node, nodeIndex)]),
    ]),
    classes: deviceClasses(vendorOf(rack.sku)),
  }
}

const gpuSlice = (rack: Rack, node: string, nodeIndex: number): ResourceSlice =>
  nodeSlice(
    vendorOf(rack.sku).driver,
    node,
    gpusOn(rack, node).map((gpu, index) => gpuDevice(rack, gpu, nodeIndex * rack.sku.gpus.length + index)),
  )

function nics(rack: Rack, node: string, nodeIndex: number): Device[] {
  const { sku } = rack
  return sku.nics.map((nic, nicIndex) => {
    const published = {
      named: swappedWith(rack, node, nic),
      numaNode: faultOnNode(rack, 'numa-misreport', node, nic.name)?.numaNode ?? nic.numaNode,
      rdma: sku.nic.rdma && faultOnNode(rack, 'rdma-misreport', node, nic.name) === undefined,
      mtu: trueMtu(rack, node, nic),
    }
    return nicDevice(sku, nic, published, railAddress(nodeIndex, nicIndex))
  })
}

/** The NIC under whose name this one is published: itself, unless a fault swaps them. */
function swappedWith({ sku, faults }: Rack, node: string, nic: SkuNic): SkuNic {
  const swap = faults.find(
    (fault) =>
      fault.kind === 'nics-swapped' && fault.node === node && [fault.nic, fault.with].includes(nic.name),
  )
  if (swap?.kind !== 'nics-swapped') return nic
  const other = swap.nic === nic.name ? swap.with : swap.nic
  return sku.nics.find(({ name }) => name === other) ?? nic
}

/** The SKU's GPUs, or the number that a fault states; additional ones have unused PCI addresses. */
function gpusOn(rack: Rack, node: string): readonly SkuGpu[] {
  const { gpus } = rack.sku
  const count = faultOnNode(rack, 'gpu-count', node)?.count ?? gpus.length
  const unknown = Array.from({ length: Math.max(0, count - gpus.length) }, (_, i) => ({
    name: `gpu-${gpus.length + i}`,
    pciBusID: `00${(0xf0 + i).toString(16)}:00:00.0`,
    numaNode: 0,
  }))
  return [...gpus.slice(0, count), ...unknown]
}
