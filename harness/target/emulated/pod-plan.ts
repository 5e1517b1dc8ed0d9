/**
 * What a node must build for a pod: takes the rack and an allocation; gives the pod's network, devices and faults.
 * Pure: it decides, a runtime does. Rates are those of the hardware; a runtime scales them.
 */
import { ClaimcheckError } from '../../core/errors.ts'
import type { Bytes, GBps } from '../../core/units.ts'
import type { DeviceAllocation } from '../../claim/dra.ts'
import { GPU_DRIVER, NIC_DRIVER } from '../../claim/published-device.ts'
import type { Fault } from '../../rack/fault.ts'
import { faultsOn, nicRate } from '../../rack/link-model.ts'
import type { Rack } from '../../rack/rack.ts'
import type { SkuGpu, SkuNic } from '../../sku/sku.ts'
import type { ContainerSpec } from '../target.ts'
import { pciDeviceName } from './publish-nic.ts'
import { railAddress } from './rails.ts'

export interface NicPlan {
  readonly nic: SkuNic
  readonly rail: number
  /** With prefix length. */
  readonly address: string
  readonly mac: string
  readonly rate: GBps
  readonly corruptEveryBytes?: Bytes
  readonly cutAfterBytes?: Bytes
}

export interface PodPlan {
  readonly name: string
  readonly node: string
  /** In the pod network, without prefix length. */
  readonly address: string
  readonly gpus: readonly SkuGpu[]
  readonly nics: readonly NicPlan[]
  /** Character device numbers N whose uverbsN and umadN the pod sees, claimed or leaked. */
  readonly charDevices: readonly number[]
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
  },
  devices: readonly DeviceAllocation[],
): PodPlan {
  const gpus = rack.sku.gpus.filter((gpu) =>
    devices.some((device) => device.driver === GPU_DRIVER && device.device === gpu.name),
  )
  const nics = rack.sku.nics.filter((nic) =>
    devices.some((device) => device.driver === NIC_DRIVER && device.device === pciDeviceName(nic)),
  )
  if (gpus.length + nics.length !== devices.length) {
    throw new ClaimcheckError('ALLOCATION_INVALID', {
      subject: `pod ${pod.name}`,
      problem: 'was given devices that the rack does not have',
      expected: `${devices.length} devices`,
      found: `${gpus.length} GPUs and ${nics.length} NICs`,
    })
  }
  const leaked = faultsOn(rack, 'device-leak', pod.node).flatMap((fault) =>
    rack.sku.nics.filter((nic) => nic.name === fault.nic),
  )
  return {
    ...pod,
    gpus,
    nics: nics.map((nic, index) => planNic(rack, pod.node, nic, gpus[index % Math.max(gpus.length, 1)])),
    charDevices: [...new Set([...nics, ...leaked].map((nic) => nic.charDevice))].sort((a, b) => a - b),
    fallsBack: faultsOn(rack, 'tcp-fallback', pod.node).length > 0,
  }
}

function planNic(rack: Rack, node: string, nic: SkuNic, gpu: SkuGpu | undefined): NicPlan {
  const corrupt = faultsOn(rack, 'corrupt', node, nic.name)[0]
  const cut = faultsOn(rack, 'link-cut', node, nic.name)[0]
  const { rail, address, mac } = railAddress(rack.nodes.indexOf(node), rack.sku.nics.indexOf(nic))
  return {
    nic,
    rail,
    address,
    mac,
    rate: nicRate(rack, node, nic, gpu),
    ...(corrupt === undefined ? {} : { corruptEveryBytes: corrupt.everyBytes }),
    ...(cut === undefined ? {} : { cutAfterBytes: cut.afterBytes }),
  }
}

/** For people: which faults the rack was built with. */
export const describeFault = (fault: Fault): string =>
  `${fault.kind} on ${'nic' in fault ? `${fault.node}/${fault.nic}` : fault.node}`
