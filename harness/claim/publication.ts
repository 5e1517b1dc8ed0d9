/**
 * How drivers publish the devices of these slices: which of their attributes hold the PCI address and the NUMA node, and in
 * which form, so that a selector reads no attribute that a device lacks.
 */
import { memoizeByObject } from '../core/memo.ts'
import { sysfsPciAddress } from '../core/pci-address.ts'
import { DeviceAttributes, numaNodesIn, stringOf } from '../dra/device-attributes.ts'
import type { ResourceSlice } from '../dra/objects.ts'
import type { PooledDevice } from '../dra/resource-pools.ts'
import type { AttributeName, GpuVendor } from '../vendors/gpu-vendor.ts'
import type { NicDriver } from '../vendors/nic-driver.ts'
import { GPU_VENDORS, NIC_DRIVERS } from '../vendors/vendors.ts'
import { pooledDevices, publishedDevice, type PublishedGpu, type PublishedNic } from './published-device.ts'

export interface NumaAttribute {
  readonly domain: string
  /** Whether the value is a list whose first entry is the device's own node (KEP-6072). */
  readonly list: boolean
  /** Whether every device publishes it. */
  readonly onAll: boolean
}

export interface GpuPublication {
  readonly vendor: GpuVendor
  readonly gpus: readonly PublishedGpu[]
  /** Published by every whole GPU; undefined: by none of the known names. */
  readonly pciAddress: AttributeName | undefined
  /** PCI addresses as that attribute writes them, by the address as sysfs writes it. */
  readonly publishedAddresses: ReadonlyMap<string, string>
  readonly numaNode: NumaAttribute | undefined
  /** Whether the driver publishes partitions or shares beside whole GPUs. */
  readonly hasPartialGpus: boolean
}

export interface NicPublication {
  readonly driver: NicDriver
  /** Those with RDMA. */
  readonly nics: readonly PublishedNic[]
  readonly numaNode: NumaAttribute | undefined
}

export interface Publication {
  readonly gpus: readonly GpuPublication[]
  readonly nics: readonly NicPublication[]
}

export const publicationOf = memoizeByObject((slices: readonly ResourceSlice[]): Publication => {
  const pooled = pooledDevices(slices).map(({ node, pooled: device }) => ({
    device,
    published: publishedDevice(node, device),
  }))
  const of = (driver: string) => pooled.filter(({ device }) => device.driver === driver)
  return {
    gpus: GPU_VENDORS.flatMap((vendor) => gpuPublication(vendor, of(vendor.driver)) ?? []),
    nics: NIC_DRIVERS.flatMap((driver) => nicPublication(driver, of(driver.driver)) ?? []),
  }
})

interface Pooled {
  readonly device: PooledDevice
  readonly published: ReturnType<typeof publishedDevice>
}

function gpuPublication(vendor: GpuVendor, pooled: readonly Pooled[]): GpuPublication | undefined {
  if (pooled.length === 0) return undefined
  const whole = pooled.filter(({ published }) => published !== undefined)
  const attributes = whole.map(({ device }) => new DeviceAttributes(device))
  const pciAddress = vendor.pciAddressAttributes.find(
    ({ domain, name }) =>
      attributes.length > 0 && attributes.every((device) => device.get(domain, name) !== undefined),
  )
  const addresses = attributes.flatMap((device) =>
    pciAddress === undefined ? [] : (stringOf(device.get(pciAddress.domain, pciAddress.name)) ?? []),
  )
  return {
    vendor,
    gpus: whole.flatMap(({ published }) => (published?.kind === 'gpu' ? published : [])),
    pciAddress,
    publishedAddresses: new Map(addresses.map((address) => [sysfsPciAddress(address), address])),
    numaNode: numaAttribute(attributes, [vendor.driver, 'resource.kubernetes.io']),
    hasPartialGpus: whole.length < pooled.length,
  }
}

function nicPublication(driver: NicDriver, pooled: readonly Pooled[]): NicPublication | undefined {
  const rdma = pooled.filter(({ published }) => published?.kind === 'nic' && published.rdma)
  if (rdma.length === 0) return undefined
  return {
    driver,
    nics: rdma.flatMap(({ published }) => (published?.kind === 'nic' ? published : [])),
    numaNode: numaAttribute(
      rdma.map(({ device }) => new DeviceAttributes(device)),
      driver.numaNodeDomains,
    ),
  }
}

/** The first domain in which all devices publish a NUMA node, else the first in which some do. */
function numaAttribute(
  devices: readonly DeviceAttributes[],
  domains: readonly string[],
): NumaAttribute | undefined {
  const candidates = domains.flatMap((domain): NumaAttribute[] => {
    const values = devices.flatMap((device) => {
      const value = device.get(domain, 'numaNode')
      return value === undefined || numaNodesIn(value) === undefined ? [] : [value]
    })
    if (values.length === 0) return []
    const list = values.every((value) => 'ints' in value)
    if (!list && !values.every((value) => 'int' in value)) return []
    return [{ domain, list, onAll: values.length === devices.length }]
  })
  return candidates.find(({ onAll }) => onAll) ?? candidates[0]
}
