/** Bounds a wait: it ends with the awaited value, with a timeout that reports the last state, or when the run is interrupted. */
import { setTimeout as sleep } from 'node:timers/promises'
import { ClaimcheckError } from './errors.ts'
import type { Seconds } from './units.ts'

/** The condition of a wait, and its limit. */
export interface WaitCondition {
  /** The object: `pod node-a/target`. */
  readonly subject: string
  /** The condition, to follow the object in a sentence: `to be scheduled`. */
  readonly until: string
  readonly within: Seconds
  readonly signal?: AbortSignal | undefined
  /** The last observed state, for the message of a timeout. */
  readonly lastSeen?: () => string
  readonly hint?: string
}

/**
 * Resolves and rejects as `work` does. Rejects with DEADLINE after `within` and with INTERRUPTED when `signal` is aborted.
 * Leaves no timer behind.
 */
export async function withTimeout<T>(work: Promise<T>, wait: WaitCondition): Promise<T> {
  const over = new AbortController()
  const signal = wait.signal === undefined ? over.signal : AbortSignal.any([over.signal, wait.signal])
  const late = sleep(wait.within * 1000, undefined, { signal, ref: true }).then(
    () => {
      throw timeoutError(wait, { found: wait.lastSeen?.(), hint: wait.hint })
    },
    (error: unknown) => {
      if (over.signal.aborted) return undefined as never
      throw new ClaimcheckError('INTERRUPTED', {
        subject: wait.subject,
        problem: wait.until,
        sentence: `interrupted while waiting for ${wait.subject} ${wait.until}`,
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

interface TimeoutFacts {
  readonly found?: string | undefined
  readonly hint?: string | undefined
  readonly details?: Readonly<Record<string, unknown>>
  readonly cause?: unknown
}

/** DEADLINE: `timed out after 120 s waiting for pod x to be scheduled; last seen: Pending`. */
export function timeoutError(
  { subject, until, within }: Pick<WaitCondition, 'subject' | 'until' | 'within'>,
  { found = '', hint, details = {}, cause }: TimeoutFacts,
): ClaimcheckError {
  const what = `timed out after ${inSeconds(within)} waiting for ${subject} ${until}`
  const seen = found === '' ? what : `${what}; last seen: ${found}`
  return new ClaimcheckError('DEADLINE', {
    subject,
    problem: `timed out after ${inSeconds(within)}`,
    sentence: hint === undefined ? seen : `${seen}. ${hint}`,
    ...(found === '' ? {} : { found }),
    ...(hint === undefined ? {} : { hint }),
    details,
    ...(cause === undefined ? {} : { cause }),
  })
}

const inSeconds = (limit: Seconds): string => `${Number(limit.toPrecision(4))} s`
