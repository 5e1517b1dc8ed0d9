/** What claimcheck needs to know of a GPU vendor: its DRA driver, what the driver publishes, and how a process gets its GPUs. */
import type { DeviceAttributes } from '../dra/device-attributes.ts'
import type { AttributeValue } from '../dra/objects.ts'
import type { GpuDiscovery } from './gpu-discovery.ts'

/** A GPU as its driver publishes it. */
interface GpuFacts {
  /** `0001:00:00.0` */
  readonly pciAddress: string
  /** `pci0001:00`; undefined: not known. */
  readonly pcieRoot: string | undefined
  /** Undefined: the driver publishes none. */
  readonly numaNode: number | undefined
  readonly uuid: string
  readonly productName: string
  /** Undefined: not known. */
  readonly architecture: string | undefined
  /** Versions such as `580.0.0`; a vendor publishes those that it knows. */
  readonly driverVersion: string | undefined
  readonly computeCapability?: string
  /** The newest version of the vendor's compute runtime that the driver serves: CUDA's; undefined: not known. */
  readonly runtimeVersion?: string
}

/** An attribute by its domain and name. */
export interface AttributeName {
  readonly domain: string
  readonly name: string
}

export interface GpuVendor {
  /** As a SKU profile writes it. */
  readonly id: 'nvidia' | 'amd'
  readonly title: string
  /** Matches the product names of this vendor, for profiles that name no vendor. */
  readonly productNames: RegExp
  /** The DRA driver, and the domain of its attributes. */
  readonly driver: string
  /** The name that the driver's installation gives its DeviceClass. */
  readonly deviceClass: string
  /** As in sysfs: `0x10de`. */
  readonly pciVendorId: string
  /** Where drivers of this vendor have published the PCI address, the newest first. */
  readonly pciAddressAttributes: readonly AttributeName[]
  /** The value of the attribute `type` of a whole GPU; devices of another type are partitions or are passed to VMs. */
  readonly wholeGpuType: string
  /** What a device of another type is called in a message: `mig` is "a MIG partition". */
  describeType(type: string): string
  /** The attributes that the driver publishes of a whole GPU. */
  attributesOf(gpu: GpuFacts): Readonly<Record<string, AttributeValue>>
  /** The product name as a profile states it, read from the published attributes. */
  productName(attributes: DeviceAttributes): string | undefined
  /** Environment that makes these GPUs, in PCI order, the only ones that a process sees. */
  visibilityEnv(uuids: readonly string[]): Readonly<Record<string, string>>
  /** Loads what finds the GPUs of the machine that claimcheck runs on. */
  discover(): Promise<GpuDiscovery>
  /** Absent where the transfer binary has no memory of this vendor. */
  readonly memory?: GpuMemory
}

/** How the transfer binary and UCX name the memory of a vendor's GPUs. */
export interface GpuMemory {
  /** `cuda` of `--device cuda:0`. */
  readonly devicePrefix: string
  /** UCX's transport from one GPU's memory to another's without host memory. */
  readonly directTransport: RegExp
  /** UCX transports that leave only the path through host memory. */
  readonly stagedTransports: string
}
