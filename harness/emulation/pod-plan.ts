/**
 * Plans what a node sets up for a pod: network, devices and faults, from the rack and the pod's allocation. The process
 * runtime, the model runtime and the lab carry out the same plan. Rates are those of the hardware; a runtime scales them.
 */
import { inPciOrder } from '../claim/rails.ts'
import { ClaimcheckError } from '../core/errors.ts'
import type { Bytes, Fraction, GBps } from '../core/units.ts'
import type { DeviceAllocation } from '../dra/objects.ts'
import { changesOverTime, rateScheduleOf, type RateSchedule } from '../rack/rate-schedule.ts'
import { faultOnNode } from '../rack/node-faults.ts'
import { nicRate, trueMtu } from '../rack/link-model.ts'
import type { Rack } from '../rack/rack.ts'
import type { SkuGpu, SkuNic } from '../sku/sku.ts'
import { vendorOf } from '../sku/sku-vendor.ts'
import { dranet, dranetDeviceName } from '../vendors/dranet.ts'
import type { ContainerSpec } from '../scheduling/pod.ts'
import type { MetadataFile } from './device-metadata.ts'
import { infinibandDevices, type CharDevice } from './char-devices.ts'
import { railAddress } from './rail-addresses.ts'

export interface NicPlan {
  readonly nic: SkuNic
  readonly rail: number
  /** With prefix length. */
  readonly address: string
  readonly mac: string
  /** At the MTU that the SKU states. */
  readonly rate: GBps
  readonly mtu: number
  /** How the rate changes over time. Absent: it is constant. */
  readonly rateSchedule?: RateSchedule
  /** Share of packets lost, in both directions. */
  readonly lost?: Fraction
  readonly corruptEveryBytes?: Bytes
  readonly cutAfterBytes?: Bytes
  /** Share of the port's traffic that belongs to another run. */
  readonly contended?: Fraction
  /** The claimed NIC that carries the traffic of this one. */
  readonly leavesBy?: SkuNic
}

export interface PodPlan {
  readonly name: string
  readonly node: string
  /** In the pod network, without prefix length. */
  readonly address: string
  readonly gpus: readonly SkuGpu[]
  /** In PCI order, which is the order in which streams use them. */
  readonly nics: readonly NicPlan[]
  /** What `/dev/infiniband` lists: claimed, leaked, broken. */
  readonly devices: readonly CharDevice[]
  /** In which the drivers describe the allocated devices. */
  readonly deviceMetadata: readonly MetadataFile[]
  /** Traffic to the fabric leaves over eth0. */
  readonly fallsBack: boolean
  readonly containers: readonly ContainerSpec[]
}

export function planPod(
  rack: Rack,
  pod: {
    readonly name: string
    readonly node: string
    readonly address: string
    readonly containers: readonly ContainerSpec[]
    readonly memoryNumaNode?: number | undefined
    readonly deviceMetadata?: readonly MetadataFile[]
  },
  devices: readonly DeviceAllocation[],
): PodPlan {
  const gpus = rack.sku.gpus.filter((gpu) =>
    devices.some((device) => device.driver === vendorOf(rack.sku).driver && device.device === gpu.name),
  )
  const nics = inPciOrder(
    rack.sku.nics.filter((nic) =>
      devices.some((device) => device.driver === dranet.driver && device.device === dranetDeviceName(nic)),
    ),
    (nic) => nic,
  )
  if (gpus.length + nics.length !== devices.length) {
    throw new ClaimcheckError('ALLOCATION_INVALID', {
      subject: `pod ${pod.name}`,
      problem: 'has devices in its allocation that the rack does not have',
      expected: `${devices.length} devices`,
      found: `${gpus.length} GPUs and ${nics.length} NICs`,
    })
  }
  return {
    deviceMetadata: [],
    ...pod,
    gpus,
    nics: nics.map((nic, index) =>
      planNic(rack, pod, nic, nics, gpus[index % Math.max(gpus.length, 1)] ?? hostMemoryOf(pod)),
    ),
    devices: infinibandDevices(rack, pod.node, nics),
    fallsBack: faultOnNode(rack, 'tcp-fallback', pod.node) !== undefined,
  }
}

const hostMemoryOf = ({ memoryNumaNode: numaNode }: { readonly memoryNumaNode?: number | undefined }) =>
  numaNode === undefined ? undefined : { numaNode }

function planNic(
  rack: Rack,
  { name, node }: { readonly name: string; readonly node: string },
  nic: SkuNic,
  claimed: readonly SkuNic[],
  gpu: Parameters<typeof nicRate>[3],
): NicPlan {
  const { rail, address, mac } = railAddress(rack.nodes.indexOf(node), rack.sku.nics.indexOf(nic))
  const varying = rack.faults
    .filter(changesOverTime)
    .find((fault) => fault.node === node && fault.nic === nic.name)
  const over = faultOnNode(rack, 'rail-shared', node, nic.name)?.over
  return {
    nic,
    rail,
    address,
    mac,
    rate: nicRate(rack, node, nic, gpu),
    mtu: trueMtu(rack, node, nic),
    ...present<OptionalNicPlan>({
      rateSchedule: varying && rateScheduleOf(varying, rack.seed, `${name}/${nic.name}`),
      lost: faultOnNode(rack, 'packet-loss', node, nic.name)?.share,
      corruptEveryBytes: faultOnNode(rack, 'corrupt', node, nic.name)?.everyBytes,
      cutAfterBytes: faultOnNode(rack, 'link-cut', node, nic.name)?.afterBytes,
      contended: faultOnNode(rack, 'contention', node, nic.name)?.share,
      leavesBy: claimed.find((other) => other.name === over),
    }),
  }
}

type OptionalNicPlan = Pick<
  NicPlan,
  'rateSchedule' | 'lost' | 'corruptEveryBytes' | 'cutAfterBytes' | 'contended' | 'leavesBy'
>

/** Drops the keys without a value. */
const present = <T extends object>(object: { readonly [Key in keyof T]: T[Key] | undefined }): Partial<T> =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Partial<T>
