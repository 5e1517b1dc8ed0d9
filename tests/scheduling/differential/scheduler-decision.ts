/** Reads from a pod whether kube-scheduler has decided on it, and its decision as a result that can be compared. */
import type { DeviceAllocation } from '../../../harness/dra/objects.ts'
import { textOf, type Answer, type Case, type ClaimDevices } from './test-case.ts'

/** What kube-scheduler reports for a node on which its search for devices reached the limit of 10 s. */
const SEARCH_TOO_LONG = 'timed out trying to allocate devices'
/** Reasons that pass by themselves. */
const PASSING =
  /resourceclaim .* not found|in the process of being allocated|has been modified|timed out|no nodes available/

export interface Pod {
  readonly metadata: { readonly name: string; readonly generation?: number }
  readonly spec: { readonly nodeName?: string }
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string
      readonly status: string
      readonly reason?: string
      readonly message?: string
      readonly observedGeneration?: number
    }[]
  }
}

export interface Claim {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> }
  readonly status?: { readonly allocation?: { readonly devices: { readonly results?: DeviceAllocation[] } } }
}

const scheduledCondition = (pod: Pod) => pod.status?.conditions?.find(({ type }) => type === 'PodScheduled')

/** Bound, or found unschedulable as it is now, and not for a reason that goes by itself. */
export function isDecided(pod: Pod | undefined): pod is Pod {
  if (pod === undefined) return false
  if (pod.spec.nodeName !== undefined) return true
  const condition = scheduledCondition(pod)
  if (condition?.status !== 'False') return false
  if (
    condition.observedGeneration !== undefined &&
    condition.observedGeneration !== pod.metadata.generation
  ) {
    return false
  }
  return !PASSING.test(condition.message ?? '')
}

export const isSearchTooLong = (pod: Pod | undefined): boolean =>
  pod?.spec.nodeName === undefined &&
  (pod === undefined ? undefined : scheduledCondition(pod)?.message)?.includes(SEARCH_TOO_LONG) === true

export function answerOf(id: string, { claims }: Case, pod: Pod | undefined, all: readonly Claim[]): Answer {
  const local = (name: string) => name.replace(`${id}-`, '')
  if (pod?.spec.nodeName === undefined) {
    const message = (pod === undefined ? undefined : scheduledCondition(pod)?.message) ?? ''
    const kind = message.includes(SEARCH_TOO_LONG) ? 'undecided' : 'unsatisfiable'
    return { kind, reason: message.replaceAll(`${id}-`, '') }
  }
  const devices = claims.map(({ name }): ClaimDevices => {
    const results = all.find(({ metadata }) => metadata.name === `${id}-${name}`)?.status?.allocation?.devices
      .results
    return {
      claim: name,
      devices: (results ?? []).map((one) =>
        textOf({ request: one.request, driver: one.driver, pool: local(one.pool), device: one.device }),
      ),
    }
  })
  return { kind: 'allocated', node: local(pod.spec.nodeName), devices }
}
