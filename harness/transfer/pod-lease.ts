/**
 * The pods of one transfer, given back however it ends. Takes a context and the work; gives what the work gives, or rejects
 * with what went wrong first, its evidence kept, and never with what the release said after that.
 */
import { asClaimcheckError } from '../core/errors.ts'
import type { Journal } from '../core/journal.ts'
import { seconds } from '../core/units.ts'
import type { ScheduledPod } from '../scheduling/pod.ts'
import type { Target } from '../targets/target.ts'
import { saveDiagnostics } from './failure-diagnostics.ts'

/** Controllers that lost their API server for a while take up to a minute to find back. */
export const RELEASE_TIMEOUT = seconds(150)
/** After an error a node may be lost, and what is left is asked for once more when the target closes. */
const RELEASE_TIMEOUT_AFTER_ERROR = seconds(60)

export interface PodLeaseContext {
  readonly target: Target
  readonly journal: Journal
  readonly signal?: AbortSignal | undefined
}

/** `work` adds every pod it schedules to `lent`. */
export async function withPodLease<T>(
  { target, journal, signal }: PodLeaseContext,
  subject: string,
  work: (lent: ScheduledPod[]) => Promise<T>,
): Promise<T> {
  const lent: ScheduledPod[] = []
  let outcome: T
  try {
    outcome = await work(lent)
  } catch (error) {
    await saveDiagnostics(target, journal, { subject, error })
    await target.release(lent, { within: RELEASE_TIMEOUT_AFTER_ERROR }).catch((cause: unknown) => {
      journal.record('release-failed', subject, { error: asClaimcheckError(cause).message })
    })
    throw error
  }
  await target.release(lent, { within: RELEASE_TIMEOUT, signal })
  return outcome
}
