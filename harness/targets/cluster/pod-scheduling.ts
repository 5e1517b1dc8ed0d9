/**
 * Where a pod and its claim went, and why nowhere. Takes the pod and its claim as they are now; gives the state of their
 * scheduling. Where the scheduler found nothing, the published devices tell why, request by request.
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
  /** In the scheduler's words. */
  | { readonly state: 'refused'; readonly message: string }
  | { readonly state: 'waiting'; readonly lastSeen: string }

export const claimNameOf = (pod: Pod): string | undefined =>
  pod.status.resourceClaimStatuses?.find(({ name }) => name === CLAIM)?.resourceClaimName

export function schedulingOf(pod: Pod | undefined, claim: Claim | undefined): Scheduling {
  if (pod === undefined) return { state: 'waiting', lastSeen: 'the pod is not there' }
  const { nodeName } = pod.spec
  const reserved = claim?.status?.reservedFor?.some(({ uid }) => uid === pod.metadata.uid) === true
  if (nodeName !== undefined && claim?.status?.allocation !== undefined && reserved)
    return { state: 'bound', node: nodeName, claim }
  const scheduled = conditionOf(pod.status.conditions, 'PodScheduled')
  // A selector that fails, or a request for all devices of a pool that is incomplete, is an error to the scheduler.
  if (scheduled?.status === 'False' && ['Unschedulable', 'SchedulerError'].includes(scheduled.reason ?? ''))
    return { state: 'refused', message: scheduled.message ?? 'without a reason' }
  const claimState =
    claim === undefined
      ? 'its claim is not there yet'
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
 * Why the claim has no devices, by what is published; undefined where by that it should have some, so that only the
 * scheduler knows. Another error than CLAIM_UNSATISFIABLE means that no release of devices will help.
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
  /** Another run holds devices, and may wait for those of this one. */
  readonly contended: boolean
}): ClaimcheckError {
  const { pod, claim, message, reason, events, contended } = facts
  const known = reason !== undefined && reason.code !== 'CLAIM_UNSATISFIABLE' ? reason : undefined
  const Unsatisfiable = contended ? ContentionError : ClaimcheckError
  return new Unsatisfiable(known?.code ?? 'CLAIM_UNSATISFIABLE', {
    subject: `claim ${claim} of pod ${pod}`,
    problem: `cannot be allocated: ${[
      ...(reason === undefined ? [] : [reason.message]),
      `the scheduler says: ${message}`,
    ].join('\n')}`,
    hint:
      reason === undefined
        ? 'By the published devices it could be: look at taints, quotas and other pods of the nodes.'
        : 'Compare placement and `kubectl get resourceslices`; devices in use become free when their holder ends.',
    details: { ...reason?.details, scheduler: message, events },
    ...(reason === undefined ? {} : { cause: reason }),
  })
}

/** Devices that claims hold, and who has them. */
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
