/**
 * The GPUs and NICs that slices publish, whatever driver publishes them. Devices of drivers that claimcheck does not know,
 * and devices of no node, are left out; so are devices that are no whole GPUs.
 */
import { memoizeByObject } from '../core/memo.ts'
import { sysfsPciAddress } from '../core/pci-address.ts'
import { DeviceAttributes, numaNodesIn, stringOf } from '../dra/device-attributes.ts'
import type { ResourceSlice } from '../dra/objects.ts'
import { devicesOn, poolsOf, type PooledDevice } from '../dra/resource-pools.ts'
import { placementFeatures } from '../dra/slice-features.ts'
import type { GpuVendor } from '../vendors/gpu-vendor.ts'
import type { NicDriver, PublishedNicFacts } from '../vendors/nic-driver.ts'
import { gpuVendorOf, nicDriverOf } from '../vendors/vendors.ts'

interface OnNode {
  readonly node: string
  readonly driver: string
  readonly pool: string
  readonly name: string
  /** `0001:00:00.0`; a device that is not on PCI has none. */
  readonly pciAddress: string | undefined
  /**
   * As published; undefined: nothing. The first is the device's own node, further ones are as near to it as a KEP-6072
   * list says.
   */
  readonly numaNodes: readonly number[] | undefined
  /** `pci0001:00`; devices with the same root share a PCIe host bridge. */
  readonly pcieRoot: string | undefined
}
export interface PublishedGpu extends OnNode {
  readonly kind: 'gpu'
}
export interface PublishedNic extends OnNode, Omit<PublishedNicFacts, 'pciAddress'> {
  readonly kind: 'nic'
}
export type PublishedDevice = PublishedGpu | PublishedNic

export const devicesOf = memoizeByObject((slices: readonly ResourceSlice[]): readonly PublishedDevice[] =>
  pooledDevices(slices).flatMap(({ node, pooled }) => publishedDevice(node, pooled) ?? []),
)

/** RDMA NICs for which `select` is true, of all nodes. */
export const rdmaNicsWhere = (
  slices: readonly ResourceSlice[],
  select: (nic: PooledDevice) => boolean,
): readonly PublishedNic[] =>
  pooledDevices(slices).flatMap(({ node, pooled }) => {
    const device = publishedDevice(node, pooled)
    return device?.kind === 'nic' && device.rdma && select(pooled) ? [device] : []
  })

/** A device that a GPU driver publishes and that is no whole GPU. */
export interface PartialGpu {
  readonly node: string
  readonly name: string
  /** `a MIG partition` */
  readonly description: string
}

/** Partitions, shares and GPUs that are passed through to virtual machines. They are never claimed. */
export const partialGpusOf = memoizeByObject((slices: readonly ResourceSlice[]): readonly PartialGpu[] =>
  pooledDevices(slices).flatMap(({ node, pooled }) => {
    const vendor = gpuVendorOf(pooled.driver)
    const description = vendor && partialGpu(vendor, pooled)
    return description === undefined ? [] : [{ node, name: pooled.device.name, description }]
  }),
)

/**
 * The devices of each node, in the order of pools and slices. Pools whose devices are not bound to the node that publishes
 * them are left out; see `unreadPoolsOf`.
 */
export const pooledDevices = memoizeByObject(
  (slices: readonly ResourceSlice[]): readonly { readonly node: string; readonly pooled: PooledDevice }[] => {
    const nodes = [...new Set(slices.flatMap(({ spec }) => spec.nodeName ?? []))]
    const pools = poolsOf(slices).filter(({ slices: own }) => placementFeatures(own).length === 0)
    return nodes.flatMap((node) =>
      pools.flatMap((pool) => devicesOn(node, pool)).map((pooled) => ({ node, pooled })),
    )
  },
)

/** Undefined for a device of a driver that claimcheck does not know, and for a part of a GPU. */
export function publishedDevice(node: string, pooled: PooledDevice): PublishedDevice | undefined {
  const [vendor, driver] = [gpuVendorOf(pooled.driver), nicDriverOf(pooled.driver)]
  if (vendor !== undefined) return publishedGpu(node, pooled, vendor)
  return driver === undefined ? undefined : publishedNic(node, pooled, driver)
}

function publishedGpu(node: string, pooled: PooledDevice, vendor: GpuVendor): PublishedGpu | undefined {
  if (partialGpu(vendor, pooled) !== undefined) return undefined
  const attributes = new DeviceAttributes(pooled)
  const [pciAddress] = vendor.pciAddressAttributes.flatMap(
    ({ domain, name }) => stringOf(attributes.get(domain, name)) ?? [],
  )
  return {
    kind: 'gpu',
    ...place(node, pooled, attributes, [vendor.driver]),
    pciAddress: pciAddress === undefined ? undefined : sysfsPciAddress(pciAddress),
  }
}

function publishedNic(node: string, pooled: PooledDevice, driver: NicDriver): PublishedNic {
  const attributes = new DeviceAttributes(pooled)
  const { pciAddress, ...facts } = driver.read(attributes, pooled.device.name)
  return {
    kind: 'nic',
    ...place(node, pooled, attributes, driver.numaNodeDomains),
    ...facts,
    pciAddress: pciAddress === undefined ? undefined : sysfsPciAddress(pciAddress),
  }
}

function place(
  node: string,
  { driver, pool, device }: PooledDevice,
  attributes: DeviceAttributes,
  numaNodeDomains: readonly string[],
) {
  const stated = numaNodeDomains.map((domain) => numaNodesIn(attributes.get(domain, 'numaNode')))
  return {
    node,
    driver,
    pool,
    name: device.name,
    numaNodes: stated.find((nodes) => nodes !== undefined) ?? numaNodesIn(attributes.standard('numaNode')),
    pcieRoot: stringOf(attributes.standard('pcieRoot')),
  }
}

/** What the device is instead of a whole GPU; undefined for a whole GPU. */
function partialGpu(vendor: GpuVendor, pooled: PooledDevice): string | undefined {
  const type = stringOf(new DeviceAttributes(pooled).own('type'))
  if (type !== undefined && type !== vendor.wholeGpuType) return vendor.describeType(type)
  return pooled.device.allowMultipleAllocations === true ? 'a share of a GPU' : undefined
}
