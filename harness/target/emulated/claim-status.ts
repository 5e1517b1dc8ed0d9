/**
 * A claim as Kubernetes keeps it. Takes an allocation; gives the claim as the scheduler leaves it, and, once the pod's
 * sandbox exists, what DRANET adds to its status.
 */
import { randomUUID } from 'node:crypto'
import type {
  AllocatedDeviceStatus,
  DeviceAllocation,
  ResourceClaim,
  ResourceClaimTemplate,
} from '../../claim/dra.ts'
import { NIC_DRIVER } from '../../claim/published-device.ts'
import type { NicPlan } from './pod-plan.ts'
import { pciDeviceName } from './publish-nic.ts'

export function allocatedClaim(of: {
  readonly name: string
  readonly template: ResourceClaimTemplate
  readonly node: string
  readonly results: readonly DeviceAllocation[]
  /** The pod it is reserved for. */
  readonly pod: string
}): ResourceClaim {
  const onNode = { matchFields: [{ key: 'metadata.name', operator: 'In', values: [of.node] }] } as const
  return {
    apiVersion: 'resource.k8s.io/v1',
    kind: 'ResourceClaim',
    metadata: { name: of.name, uid: randomUUID() },
    spec: of.template.spec.spec,
    status: {
      allocation: { devices: { results: of.results }, nodeSelector: { nodeSelectorTerms: [onNode] } },
      reservedFor: [{ resource: 'pods', name: of.pod, uid: randomUUID() }],
    },
  }
}

/** `status.devices` of a pod that runs. */
export function statusOf(
  node: string,
  nics: readonly Pick<NicPlan, 'nic' | 'address' | 'mac'>[],
): AllocatedDeviceStatus[] {
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
