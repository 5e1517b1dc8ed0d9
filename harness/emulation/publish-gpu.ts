/** GPUs as the NVIDIA GPU driver publishes them. Takes a GPU of the SKU; gives a Device. Versions are stand-ins. */
import type { Device } from '../dra/objects.ts'
import { STANDARD_DOMAIN } from '../claim/published-device.ts'
import { parseBytes } from '../core/units.ts'
import type { Rack } from '../rack/rack.ts'
import type { SkuGpu } from '../sku/sku.ts'
import { rootOf } from './publish-nic.ts'

/** `serial` tells the GPUs of a rack apart. `numaNode` is there only where the rack says that the driver knows it. */
export function gpuDevice({ sku, gpuNumaNodePublished }: Rack, gpu: SkuGpu, serial: number): Device {
  return {
    name: gpu.name,
    attributes: {
      type: { string: 'gpu' },
      uuid: { string: `GPU-00000000-0000-4000-8000-${serial.toString(16).padStart(12, '0')}` },
      productName: { string: sku.gpu.productName },
      brand: { string: 'Nvidia' },
      architecture: { string: sku.gpu.architecture },
      cudaComputeCapability: { version: '9.0.0' },
      driverVersion: { version: '580.0.0' },
      cudaDriverVersion: { version: '13.0.0' },
      addressingMode: { string: 'None' },
      [`${STANDARD_DOMAIN}/pciBusID`]: { string: gpu.pciBusID },
      [`${STANDARD_DOMAIN}/pcieRoot`]: { string: rootOf(gpu.pciBusID) },
      ...(gpuNumaNodePublished ? { [`${STANDARD_DOMAIN}/numaNode`]: { int: gpu.numaNode } } : {}),
    },
    capacity: { memory: { value: quantity(sku.gpu.memory) } },
  }
}

function quantity(memory: string): string {
  const size = parseBytes(memory)
  return size % 2 ** 30 === 0 ? `${size / 2 ** 30}Gi` : String(size)
}
