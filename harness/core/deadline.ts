/**
 * Waiting with an end. Takes a limit and a signal; gives the awaited value or an error that says what was last seen.
 * Never waits without a limit, and never leaves a timer behind.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { ClaimcheckError } from './errors.ts'
import { formatTime, type Seconds } from './units.ts'

export interface Deadline {
  /** The object waited for, and for what: `pod node-a/target`, `to be ready`. */
  readonly subject: string
  readonly until: string
  readonly within: Seconds
  readonly signal?: AbortSignal | undefined
  /** Told on time-out: the last state seen. */
  readonly lastSeen?: () => string
  readonly hint?: string
}

/** Resolves as `work` does, or rejects with DEADLINE after `within`, or with INTERRUPTED when `signal` fires. */
export async function withDeadline<T>(work: Promise<T>, wait: Deadline): Promise<T> {
  const over = new AbortController()
  const signal = wait.signal === undefined ? over.signal : AbortSignal.any([over.signal, wait.signal])
  const late = sleep(wait.within * 1000, undefined, { signal, ref: true }).then(
    () => {
      throw new ClaimcheckError('DEADLINE', {
        subject: wait.subject,
        problem: `was waited for ${wait.until} for ${formatTime(wait.within)} in vain`,
        ...(wait.lastSeen === undefined ? {} : { found: wait.lastSeen() }),
        ...(wait.hint === undefined ? {} : { hint: wait.hint }),
      })
    },
    (error: unknown) => {
      if (over.signal.aborted) return undefined as never
      throw new ClaimcheckError('INTERRUPTED', {
        subject: wait.subject,
        problem: `was being waited for ${wait.until} when the run was interrupted`,
        cause: error,
      })
    },
  )
  try {
    return await Promise.race([work, late])
  } finally {
    over.abort()
  }
}
