/** Publishes the GPUs of a rack as the DRA driver of their vendor does. Driver versions are placeholders. */
import type { Device } from '../dra/objects.ts'
import { parseBytes } from '../core/units.ts'
import type { Rack } from '../rack/rack.ts'
import type { SkuGpu } from '../sku/sku.ts'
import { vendorOf } from '../sku/sku-vendor.ts'
import { pcieRootOf } from './pcie-path.ts'

/** `serial` is unique in the rack. The NUMA node is published only if the rack file configures the driver to do so. */
export function gpuDevice({ sku, gpuNumaNodePublished }: Rack, gpu: SkuGpu, serial: number): Device {
  const attributes = vendorOf(sku).attributesOf({
    pciAddress: gpu.pciBusID,
    pcieRoot: pcieRootOf(gpu.pciBusID, gpu),
    numaNode: gpuNumaNodePublished ? gpu.numaNode : undefined,
    uuid: `GPU-00000000-0000-4000-8000-${serial.toString(16).padStart(12, '0')}`,
    productName: sku.gpu.productName,
    architecture: sku.gpu.architecture,
    driverVersion: '580.0.0',
    computeCapability: '9.0.0',
    runtimeVersion: '13.0.0',
  })
  return { name: gpu.name, attributes, capacity: { memory: { value: quantity(sku.gpu.memory) } } }
}

function quantity(memory: string): string {
  const size = parseBytes(memory)
  return size % 2 ** 30 === 0 ? `${size / 2 ** 30}Gi` : String(size)
}
