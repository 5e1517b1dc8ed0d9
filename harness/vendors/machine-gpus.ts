/** Asks every vendor for GPUs of the machine that claimcheck runs on. */
import type { DiscoveredGpus, GpuDiscovery } from './gpu-discovery.ts'
import type { GpuVendor } from './gpu-vendor.ts'
import { gpusInSysfs } from './sysfs-gpus.ts'
import { GPU_VENDORS } from './vendors.ts'

export interface MachineGpus extends DiscoveredGpus {
  readonly vendor: GpuVendor
  readonly discovery: GpuDiscovery
}

/**
 * The GPUs of one vendor: of the first whose GPUs the machine's PCI bus shows. Where it shows none, as in some virtual
 * machines, the first vendor is asked. Rejects with TARGET_UNAVAILABLE.
 */
export async function gpusOfMachine(sysfs: string): Promise<MachineGpus> {
  const vendor = GPU_VENDORS.find(({ pciVendorId }) => gpusInSysfs(sysfs, pciVendorId).length > 0)
  const [first] = GPU_VENDORS
  const asked = vendor ?? first
  if (asked === undefined) throw new TypeError('no GPU vendor is registered')
  const discovery = await asked.discover()
  return { ...(await discovery.find(sysfs)), vendor: asked, discovery }
}
