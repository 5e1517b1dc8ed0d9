/**
 * The scheduling state of a pod and its claim. If the scheduler rejects the pod, the emulated allocator explains from the
 * published devices which request cannot be satisfied.
 */
import type { DeviceClass, ResourceClaimTemplate, ResourceSlice } from '../../dra/objects.ts'
import { ClaimcheckError } from '../../core/errors.ts'
import { ContentionError } from '../../scheduling/contention-error.ts'
import { allocate } from '../../scheduling/allocate.ts'
import type { DeviceInUse } from '../../scheduling/node-devices.ts'
import { conditionOf, type Claim, type Pod } from './object-schemas.ts'
import { CLAIM } from './pod-manifest.ts'

export type Scheduling =
  | { readonly state: 'bound'; readonly node: string; readonly claim: Claim }
  /** With the scheduler's message. */
  | { readonly state: 'rejected'; readonly message: string }
  | { readonly state: 'waiting'; readonly lastSeen: string }

export const claimNameOf = (pod: Pod): string | undefined =>
  pod.status.resourceClaimStatuses?.find(({ name }) => name === CLAIM)?.resourceClaimName

export function schedulingOf(pod: Pod | undefined, claim: Claim | undefined): Scheduling {
  if (pod === undefined) return { state: 'waiting', lastSeen: 'the pod does not exist' }
  const { nodeName } = pod.spec
  const reserved = claim?.status?.reservedFor?.some(({ uid }) => uid === pod.metadata.uid) === true
  if (nodeName !== undefined && claim?.status?.allocation !== undefined && reserved)
    return { state: 'bound', node: nodeName, claim }
  const scheduled = conditionOf(pod.status.conditions, 'PodScheduled')
  // The scheduler reports SchedulerError if a CEL selector fails, or a request for all devices meets an incomplete pool.
  if (scheduled?.status === 'False' && ['Unschedulable', 'SchedulerError'].includes(scheduled.reason ?? ''))
    return { state: 'rejected', message: scheduled.message ?? 'no message' }
  const claimState =
    claim === undefined
      ? 'its claim does not exist yet'
      : `its claim ${claim.metadata.name} is ${claim.status?.allocation === undefined ? 'not allocated' : 'allocated'}${reserved ? '' : ', not reserved for it'}`
  const podState = nodeName === undefined ? 'not bound to a node' : `bound to ${nodeName}`
  return { state: 'waiting', lastSeen: `the pod is ${podState}, ${claimState}` }
}

export interface UnsatisfiableQuery {
  readonly claim: string
  readonly template: ResourceClaimTemplate
  readonly slices: readonly ResourceSlice[]
  readonly classes: readonly DeviceClass[]
  readonly nodes: readonly string[]
  readonly excluded: readonly { readonly node: string; readonly reason: string }[]
  readonly inUse: readonly DeviceInUse[]
}

/**
 * Returns why the published devices cannot satisfy the claim, or undefined if they can or the allocator cannot tell. An
 * error other than CLAIM_UNSATISFIABLE means that no release of devices would help.
 */
export function explainUnsatisfiable({
  claim,
  template,
  inUse,
  ...published
}: UnsatisfiableQuery): ClaimcheckError | undefined {
  try {
    allocate({ claims: [{ name: claim, spec: template.spec.spec }], allocated: inUse, ...published })
    return undefined
  } catch (error) {
    if (!(error instanceof ClaimcheckError)) throw error
    return error.code === 'ALLOCATION_UNSUPPORTED' ? undefined : error
  }
}

export function unsatisfiable(facts: {
  readonly pod: string
  readonly claim: string
  readonly message: string
  readonly reason: ClaimcheckError | undefined
  readonly events: readonly string[]
  /** Whether another run holds devices and may be waiting for those of this run. */
  readonly contended: boolean
}): ClaimcheckError {
  const { pod, claim, message, reason, events, contended } = facts
  const known = reason !== undefined && reason.code !== 'CLAIM_UNSATISFIABLE' ? reason : undefined
  const Unsatisfiable = contended ? ContentionError : ClaimcheckError
  return new Unsatisfiable(known?.code ?? 'CLAIM_UNSATISFIABLE', {
    subject: `claim ${claim} of pod ${pod}`,
    problem: `cannot be allocated: ${[
      ...(reason === undefined ? [] : [reason.message]),
      `the scheduler reports: ${message}`,
    ].join('\n')}`,
    hint:
      reason === undefined
        ? 'The published devices satisfy the claim: check the taints, quotas and other pods of the nodes.'
        : 'Compare the placement with `kubectl get resourceslices`; devices in use are released when their pod ends.',
    details: { ...reason?.details, scheduler: message, events },
    ...(reason === undefined ? {} : { cause: reason }),
  })
}

/** Returns the devices that claims hold, each with the pods for which its claim is reserved. */
export function devicesInUse(claims: readonly Claim[], except?: string): DeviceInUse[] {
  return claims
    .filter(({ metadata }) => metadata.uid !== except)
    .flatMap((claim) => {
      const { namespace = '', name } = claim.metadata
      const holders = (claim.status?.reservedFor ?? []).map(
        (one) => `${one.resource} ${namespace}/${one.name}`,
      )
      const holder = holders.length > 0 ? holders.join(', ') : `claim ${namespace}/${name}`
      return (claim.status?.allocation?.devices.results ?? []).map(({ driver, pool, device }) => ({
        driver,
        pool,
        device,
        holder,
      }))
    })
}
