/**
 * The queue of pods that wait for devices in use. A pod fails at once if no release of devices would help, otherwise at its
 * deadline.
 */
import { ClaimcheckError } from '../core/errors.ts'
import { withTimeout } from '../core/timeout.ts'
import { seconds } from '../core/units.ts'
import type { Wait } from './pod.ts'

/**
 * Returns a pod's placement, or the error if it has none: with the devices that the target's pods hold now, or as if they
 * held none.
 */
export type PlacementAttempt<T> = (held: 'held' | 'free') => T | ClaimcheckError

export class SchedulingQueue {
  #released = Promise.withResolvers<void>()

  /** Lets every waiting pod try again. */
  released(): void {
    this.#released.resolve()
    this.#released = Promise.withResolvers()
  }

  /** Calls `attempt` again after each release. Rejects with the error of the last attempt, or with INTERRUPTED. */
  async place<T extends object>(
    subject: string,
    attempt: () => Promise<PlacementAttempt<T>> | PlacementAttempt<T>,
    wait: Wait,
  ): Promise<T> {
    const until = performance.now() + wait.within * 1000
    for (;;) {
      const placed = await attempt()
      if (wait.signal?.aborted)
        throw new ClaimcheckError('INTERRUPTED', {
          subject,
          problem: 'was waiting to be scheduled when the run was interrupted',
          cause: wait.signal.reason,
        })
      const found = placed('held')
      if (!(found instanceof ClaimcheckError)) return found
      const left = (until - performance.now()) / 1000
      if (left <= 0 || placed('free') instanceof ClaimcheckError) throw found
      await withTimeout(this.#released.promise, {
        subject,
        until: 'to get devices',
        within: seconds(left),
        signal: wait.signal,
      }).catch((late: unknown) => {
        throw late instanceof ClaimcheckError && late.code === 'DEADLINE' ? found : late
      })
    }
  }
}
