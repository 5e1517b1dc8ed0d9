/** The vendors and drivers that claimcheck knows. Another one is a file in this folder and a line here. */
import { amd } from './amd/amd.ts'
import { aws } from './aws.ts'
import { dranet } from './dranet.ts'
import type { GpuVendor } from './gpu-vendor.ts'
import type { NicDriver } from './nic-driver.ts'
import { nvidia } from './nvidia/nvidia.ts'
import { sriovNetworkOperator } from './sriov-network-operator.ts'

export const GPU_VENDORS: readonly GpuVendor[] = [nvidia, amd]
export const NIC_DRIVERS: readonly NicDriver[] = [dranet, sriovNetworkOperator, aws]

/** Undefined for a driver that publishes no GPUs claimcheck knows. */
export const gpuVendorOf = (driver: string): GpuVendor | undefined =>
  GPU_VENDORS.find((vendor) => vendor.driver === driver)

/** Undefined for a driver that publishes no NICs claimcheck knows. */
export const nicDriverOf = (driver: string): NicDriver | undefined =>
  NIC_DRIVERS.find((known) => known.driver === driver)
