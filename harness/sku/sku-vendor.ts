/** The vendor of a SKU's GPUs: the one in its profile, otherwise derived from the product name. */
import { ClaimcheckError } from '../core/errors.ts'
import type { GpuMemory, GpuVendor } from '../vendors/gpu-vendor.ts'
import { GPU_VENDORS } from '../vendors/vendors.ts'
import type { Sku } from './sku.ts'

export function vendorOf({ gpu }: Pick<Sku, 'gpu'>): GpuVendor {
  const found =
    gpu.vendor === undefined
      ? GPU_VENDORS.find(({ productNames }) => productNames.test(gpu.productName))
      : GPU_VENDORS.find(({ id }) => id === gpu.vendor)
  const [first] = GPU_VENDORS
  if (found === undefined && first === undefined) throw new TypeError('no GPU vendor is registered')
  return (found ?? first) as GpuVendor
}

/** Throws TARGET_UNAVAILABLE if the transfer binary does not support this vendor's GPU memory. */
export function gpuMemoryOf(sku: Pick<Sku, 'name' | 'gpu'>): GpuMemory {
  const { memory, title } = vendorOf(sku)
  if (memory !== undefined) return memory
  throw new ClaimcheckError('TARGET_UNAVAILABLE', {
    subject: `GPU memory of SKU ${sku.name}`,
    problem: `cannot be moved: this build has no NIXL with ${title} GPU memory`,
    hint: "Measure the fabric from host memory instead: memory: 'host' in the declaration.",
  })
}
