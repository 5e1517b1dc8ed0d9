/**
 * Computes what the emulated drivers of a node publish and configure, as one JSON plan for each node. The plan is made by the
 * functions that the emulated target uses, so both targets emulate a rack alike; the lab's driver only applies it.
 */
import type { AllocatedDeviceStatus, Device } from '../../dra/objects.ts'
import { vendorOf } from '../../sku/sku-vendor.ts'
import { dranet, dranetDeviceName } from '../../vendors/dranet.ts'
import { bitsPerSecond, gigabytesPerSecond } from '../../core/units.ts'
import { faultOnNode } from '../../rack/node-faults.ts'
import { nicRate, skuAsBuilt, statedMtu, trueMtu } from '../../rack/link-model.ts'
import type { Rack } from '../../rack/rack.ts'
import type { SkuGpu, SkuNic } from '../../sku/sku.ts'
import { deviceStatuses } from '../../emulation/device-status.ts'
import { infinibandDevices, type CharDevice } from '../../emulation/char-devices.ts'
import { publishRack } from '../../emulation/publish-rack.ts'
import { FABRIC, railAddress } from '../../emulation/rail-addresses.ts'
import { tokenBucketFor, type TokenBucket } from '../../emulation/token-bucket.ts'
import type { NodeMachine } from './layout.ts'
import { sysfsOf, type SysfsTree } from '../../emulation/sysfs-tree.ts'

export interface NodePlan {
  readonly node: string
  /** Published devices, by driver name. */
  readonly published: Readonly<Record<string, readonly Device[]>>
  /** GPU names; like `nics` in the order of the SKU. */
  readonly gpus: readonly string[]
  readonly nics: readonly NicOfNode[]
  /** Character devices that every pod with a claim sees. */
  readonly leaked: readonly CharDevice[]
  /** Absent: pods see the /sys of their kernel. `merged`: that, with these files and links. */
  readonly sysfs?: SysfsTree & { readonly merged?: true }
  readonly podNetwork: ShapeOfNode
  /** A network whose traffic leaves over eth0 instead of the NICs (fault `tcp-fallback`). */
  readonly fallsBack?: string
  readonly prepareFailsOnce?: boolean
  readonly statusAfterMillis: number
}

interface NicOfNode {
  readonly device: string
  readonly interface: string
  readonly address: string
  readonly gateway: string
  readonly mac: string
  readonly mtu: number
  /** Token buckets, by the GPU that the NIC serves; `""` if it serves none. */
  readonly shapes: Readonly<Record<string, ShapeOfNode>>
  readonly devices: readonly CharDevice[]
  readonly status: AllocatedDeviceStatus
  /** The NIC that carries the traffic of this one in pods that have both (fault `rail-shared`). */
  readonly leavesBy?: string
  readonly cutAfterBytes?: number
  /** The name of its Soft-RoCE device, where the NIC is an interface of a virtual machine. */
  readonly rdmaDevice?: string
  /** Token buckets, by the NUMA node of a buffer in host memory. */
  readonly hostMemoryShapes?: Readonly<Record<string, ShapeOfNode>>
}

interface ShapeOfNode {
  readonly rateBits: number
  readonly burstBytes: number
}

/** The MTU of the pod network, in bytes. */
const POD_NETWORK_MTU = 1500

export function planNode(rack: Rack, node: string, machine: NodeMachine = 'container'): NodePlan {
  const { slices } = publishRack(rack)
  const devicesOf = (driver: string): readonly Device[] =>
    slices
      .filter(({ spec }) => spec.nodeName === node && spec.driver === driver)
      .flatMap(({ spec }) => spec.devices ?? [])
  return {
    node,
    published: Object.fromEntries(
      [dranet.driver, vendorOf(rack.sku).driver].map((driver) => [driver, devicesOf(driver)]),
    ),
    gpus: rack.sku.gpus.map(({ name }) => name),
    nics: rack.sku.nics.map((nic, index) => ({
      ...planNic(rack, node, nic, index),
      ...(machine === 'vm' ? softRoce(rack, node, nic) : {}),
    })),
    leaked: machine === 'vm' ? [] : infinibandDevices(rack, node, []),
    ...(machine === 'vm' ? emulatedGpus(rack) : { sysfs: sysfsOf(skuAsBuilt(rack, node)) }),
    podNetwork: podNetwork(rack),
    ...(faultOnNode(rack, 'tcp-fallback', node) === undefined ? {} : { fallsBack: FABRIC }),
    ...(faultOnNode(rack, 'prepare-fails-once', node) === undefined ? {} : { prepareFailsOnce: true }),
    statusAfterMillis: Math.round((faultOnNode(rack, 'late-status', node)?.by ?? 0) * 1000),
  }
}

function planNic(rack: Rack, node: string, nic: SkuNic, index: number): NicOfNode {
  const { address, gateway, mac } = railAddress(rack.nodes.indexOf(node), index)
  const shaped = (gpu: SkuGpu | undefined): ShapeOfNode => shapeFor(rack, node, nic, gpu)
  const over = rack.sku.nics.find(
    ({ name }) => name === faultOnNode(rack, 'rail-shared', node, nic.name)?.over,
  )
  const cut = faultOnNode(rack, 'link-cut', node, nic.name)
  const [status] = deviceStatuses(node, [{ nic, address, mac }])
  if (status === undefined) throw new TypeError('a NIC has a status')
  return {
    device: dranetDeviceName(nic),
    interface: nic.ifName ?? nic.name,
    address,
    gateway,
    mac,
    mtu: trueMtu(rack, node, nic),
    shapes: Object.fromEntries([
      ['', shaped(undefined)],
      ...rack.sku.gpus.map((gpu) => [gpu.name, shaped(gpu)] as const),
    ]),
    devices: infinibandDevices(rack, node, [nic]),
    status: withMessages(status),
    ...(over === undefined ? {} : { leavesBy: dranetDeviceName(over) }),
    ...(cut === undefined ? {} : { cutAfterBytes: Math.ceil(cut.afterBytes / rack.scale) }),
  }
}

type Memory = Parameters<typeof nicRate>[3]

const shapeFor = (rack: Rack, node: string, nic: SkuNic, memory: Memory): ShapeOfNode =>
  ofNode(
    tokenBucketFor(
      gigabytesPerSecond(nicRate(rack, node, nic, memory) / rack.scale),
      statedMtu(rack.sku, nic),
    ),
  )

/** A virtual machine has the NICs, not the GPUs. */
function emulatedGpus({ sku }: Rack): Pick<NodePlan, 'sysfs'> {
  if (sku.gpus.length === 0) return {}
  const { files, links } = sysfsOf({ ...sku, nics: [] })
  const devices = files.filter(({ path }) => !path.startsWith('/sys/devices/system/'))
  return { sysfs: { files: devices, links, merged: true } }
}

/** Of a NIC that is an interface of a virtual machine: its character devices are the kernel's own. */
function softRoce(
  rack: Rack,
  node: string,
  nic: SkuNic,
): Pick<NicOfNode, 'devices' | 'rdmaDevice' | 'hostMemoryShapes'> {
  const numaNodes = [...new Set([...rack.sku.gpus, ...rack.sku.nics].map(({ numaNode }) => numaNode))]
  return {
    devices: [],
    rdmaDevice: nic.name,
    hostMemoryShapes: Object.fromEntries(
      numaNodes.map((numaNode) => [`${numaNode}`, shapeFor(rack, node, nic, { numaNode })]),
    ),
  }
}

/** The API requires a message in every condition. */
function withMessages(status: AllocatedDeviceStatus): AllocatedDeviceStatus {
  return {
    ...status,
    conditions: (status.conditions ?? []).map((condition) => ({ ...condition, message: '' })),
  }
}

function podNetwork({ links, scale }: Rack): ShapeOfNode {
  const rateBits = Math.round(bitsPerSecond(links.podNetwork.rate) / scale)
  // The bytes of 10 ms at this rate, but at least two frames.
  return { rateBits, burstBytes: Math.max(2 * (POD_NETWORK_MTU + 14), Math.round(rateBits / 800)) }
}

const ofNode = ({ rate_bits, burst_bytes }: TokenBucket): ShapeOfNode => ({
  rateBits: rate_bits,
  burstBytes: burst_bytes,
})
