/**
 * The pods of one transfer or one inspection, from scheduling to release. Nothing else in the harness schedules pods with
 * devices, so all of them are verified before they run and released however the work ends.
 */
import { resolveAllocation, type AllocatedClaim } from '../claim/allocated-claim.ts'
import { readCompletePools } from '../claim/resource-pool-state.ts'
import { asClaimcheckError } from '../core/errors.ts'
import type { Journal } from '../core/journal.ts'
import { seconds } from '../core/units.ts'
import type { ResourceSlice } from '../dra/objects.ts'
import type { PodSpec, RunningPod, ScheduledPod } from '../scheduling/pod.ts'
import type { Target } from '../targets/target.ts'
import { saveDiagnostics } from './failure-diagnostics.ts'

export const SCHEDULE_TIMEOUT = seconds(120)
const START_TIMEOUT = seconds(120)
/** Kubernetes' controllers need up to a minute to recover when the API server was unavailable for a while. */
const RELEASE_TIMEOUT = seconds(150)
/** After an error a node may be lost. The target's `close` tries to release what is left once more. */
const RELEASE_TIMEOUT_AFTER_ERROR = seconds(60)

export interface PodLeaseContext {
  readonly target: Target
  readonly signal?: AbortSignal | undefined
  /** Called with each allocation before its pod runs. What it throws ends the work before anything is measured. */
  readonly verifyAllocation?: (allocated: AllocatedClaim) => void
}

export interface LeasedPod {
  readonly node: string
  readonly allocated: AllocatedClaim
  /** Starts the pod on the first call; later calls return the same running pod. */
  readonly running: () => Promise<RunningPod>
}

export class PodLease {
  readonly #context: PodLeaseContext
  readonly #pods: ScheduledPod[] = []
  #slices: Promise<readonly ResourceSlice[]> | undefined

  constructor(context: PodLeaseContext) {
    this.#context = context
  }

  /** The slices as they were published before the first pod was scheduled. Waits for pools that are being published. */
  slices(): Promise<readonly ResourceSlice[]> {
    const { target, signal } = this.#context
    this.#slices ??= readCompletePools(() => target.slices(), signal === undefined ? {} : { signal })
    return this.#slices
  }

  /** Schedules a pod, then resolves and verifies its allocation. The lease owns the pod as soon as it is scheduled. */
  async schedule(spec: PodSpec): Promise<LeasedPod> {
    const { target, signal, verifyAllocation } = this.#context
    const slices = await this.slices()
    const pod = await target.schedule(spec, { within: SCHEDULE_TIMEOUT, signal })
    this.#pods.push(pod)
    const allocated = resolveAllocation(pod.claim, slices)
    verifyAllocation?.(allocated)
    let started: Promise<RunningPod> | undefined
    const running = (): Promise<RunningPod> =>
      (started ??= target.run(pod, { within: START_TIMEOUT, signal }))
    return { node: pod.node, allocated, running }
  }

  /** Releases all pods scheduled so far; more can be scheduled afterwards. */
  async release(): Promise<void> {
    const { target, signal } = this.#context
    await target.release(this.#pods.splice(0), { within: RELEASE_TIMEOUT, signal })
  }

  /** Releases even when the run is interrupted, and in less time. */
  async releaseAfterError(): Promise<void> {
    await this.#context.target.release(this.#pods.splice(0), { within: RELEASE_TIMEOUT_AFTER_ERROR })
  }
}

/**
 * Runs `work`, then releases its pods. On an error it saves diagnostics, releases, and rejects with the error of `work`; a
 * release that fails after it is only recorded in the journal. `subject` names the work in the journal.
 */
export async function withPodLease<T>(
  context: PodLeaseContext & { readonly journal: Journal },
  subject: string,
  work: (lease: PodLease) => Promise<T>,
): Promise<T> {
  const { target, journal } = context
  const lease = new PodLease(context)
  let outcome: T
  try {
    outcome = await work(lease)
  } catch (error) {
    await saveDiagnostics(target, journal, { subject, error })
    await lease.releaseAfterError().catch((cause: unknown) => {
      journal.record('release-failed', subject, { error: asClaimcheckError(cause).message })
    })
    throw error
  }
  await lease.release()
  return outcome
}
