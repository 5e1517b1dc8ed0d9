/** What DRANET writes into a claim's status once the pod's sandbox exists. Takes the pod's NICs; gives `status.devices`. */
import type { AllocatedDeviceStatus } from '../../claim/dra.ts'
import { NIC_DRIVER } from '../../claim/published-device.ts'
import type { NicPlan } from './pod-plan.ts'
import { pciDeviceName } from './publish-nic.ts'

export function statusOf(node: string, nics: readonly NicPlan[]): AllocatedDeviceStatus[] {
  return nics.map(({ nic, address, mac }) => ({
    driver: NIC_DRIVER,
    pool: node,
    device: pciDeviceName(nic),
    conditions:
      nic.ifName === undefined
        ? [ready('RDMAOnlyDeviceReady')]
        : [ready('NetworkDeviceReady'), { type: 'NetworkReady', status: 'True', reason: 'NetworkReady' }],
    ...(nic.ifName === undefined
      ? {}
      : { networkData: { interfaceName: nic.ifName, ips: [address], hardwareAddress: mac } }),
  }))
}

const ready = (reason: string) => ({ type: 'Ready', status: 'True', reason })
