/** A ResourceClaim as the scheduler leaves it: allocated, and reserved for a pod. */
import { randomUUID } from 'node:crypto'
import type { DeviceAllocation, ResourceClaim, ResourceClaimTemplate } from '../dra/objects.ts'

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
