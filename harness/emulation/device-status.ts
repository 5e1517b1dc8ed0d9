/** The `status.devices` that DRANET writes into a claim once the pod's sandbox exists. */
import type { AllocatedDeviceStatus } from '../dra/objects.ts'
import { dranet, dranetDeviceName } from '../vendors/dranet.ts'
import type { NicPlan } from './pod-plan.ts'

/** Returns the `status.devices` of a running pod's claim. */
export function deviceStatuses(
  node: string,
  nics: readonly Pick<NicPlan, 'nic' | 'address' | 'mac'>[],
): AllocatedDeviceStatus[] {
  return nics.map(({ nic, address, mac }) => ({
    driver: dranet.driver,
    pool: node,
    device: dranetDeviceName(nic),
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
