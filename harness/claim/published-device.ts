/**
 * The GPUs and NICs that slices publish, as the harness sees them. Takes slices of any driver version (see the known
 * gaps below); gives devices with PCI address and NUMA nodes. Devices of other drivers, or of no node, are left out.
 * DRANET up to v1.4.0 names no rdmaDevice for RoCE NICs and no standard numaNode; older GPU drivers have no numaNode.
 */
import { memoizeByObject } from '../core/memo.ts'
import type { AttributeValue, ResourceSlice } from '../dra/objects.ts'
import { qualify } from '../dra/cel/cel-device.ts'
import { devicesOn, poolsOf, type PooledDevice } from '../dra/resource-pools.ts'

export const GPU_DRIVER = 'gpu.nvidia.com'
export const NIC_DRIVER = 'dra.net'
export const STANDARD_DOMAIN = 'resource.kubernetes.io'

interface OnNode {
  readonly node: string
  readonly driver: string
  readonly pool: string
  readonly name: string
  /** `0001:00:00.0`; a device that is not on PCI has none. */
  readonly pciAddress: string | undefined
  /** What is published; undefined: nothing. More than one: the device is near to all of them. */
  readonly numaNodes: readonly number[] | undefined
  /** `pci0001:00`; devices with the same root share a PCIe host bridge. */
  readonly pcieRoot: string | undefined
}
export interface PublishedGpu extends OnNode {
  readonly kind: 'gpu'
}
export interface PublishedNic extends OnNode {
  readonly kind: 'nic'
  readonly rdma: boolean
  readonly ifName: string | undefined
  readonly rdmaDevice: string | undefined
  /** Of its interface, bytes. */
  readonly mtu: number | undefined
}
export type PublishedDevice = PublishedGpu | PublishedNic

export const devicesOf = memoizeByObject((slices: readonly ResourceSlice[]): readonly PublishedDevice[] => {
  const nodes = [...new Set(slices.flatMap(({ spec }) => spec.nodeName ?? []))]
  return nodes.flatMap((node) =>
    poolsOf(slices.filter(({ spec }) => spec.nodeName === node))
      .flatMap((pool) => devicesOn(node, pool))
      .flatMap((device) => publishedDevice(node, device) ?? []),
  )
})

/** Undefined for a device of a driver the harness does not know. */
export function publishedDevice(node: string, pooled: PooledDevice): PublishedDevice | undefined {
  const attributes = new Map(
    Object.entries(pooled.device.attributes ?? {}).map(([name, value]) => [
      qualify(name, pooled.driver).join('/'),
      value,
    ]),
  )
  const own = (id: string) => attributes.get(`${pooled.driver}/${id}`)
  const standard = (id: string) => attributes.get(`${STANDARD_DOMAIN}/${id}`)
  const place = {
    node,
    driver: pooled.driver,
    pool: pooled.pool,
    name: pooled.device.name,
    numaNodes: ints(own('numaNode') ?? standard('numaNode')),
    pcieRoot: text(standard('pcieRoot')),
  }
  if (pooled.driver === GPU_DRIVER) {
    return { kind: 'gpu', ...place, pciAddress: text(standard('pciBusID')) }
  }
  if (pooled.driver !== NIC_DRIVER) return undefined
  return {
    kind: 'nic',
    ...place,
    pciAddress: text(own('pciAddress')) ?? addressInName(pooled.device.name),
    rdma: flag(own('rdma')),
    ifName: text(own('ifName')),
    rdmaDevice: text(own('rdmaDevice')),
    mtu: ints(own('mtu'))?.[0],
  }
}

const text = (value: AttributeValue | undefined): string | undefined =>
  value !== undefined && 'string' in value ? value.string : undefined
const flag = (value: AttributeValue | undefined): boolean =>
  value !== undefined && 'bool' in value && value.bool

function ints(value: AttributeValue | undefined): readonly number[] | undefined {
  if (value === undefined) return undefined
  if ('int' in value) return [value.int]
  return 'ints' in value ? value.ints : undefined
}

/** `pci-0101-00-00-0` stands for `0101:00:00.0`. */
function addressInName(name: string): string | undefined {
  const [, domain, bus, slot, fn] = /^pci-([0-9a-f]{4})-([0-9a-f]{2})-([0-9a-f]{2})-([0-7])$/.exec(name) ?? []
  return domain === undefined ? undefined : `${domain}:${bus}:${slot}.${fn}`
}
