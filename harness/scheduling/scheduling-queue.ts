/**
 * Pods that wait for devices which other pods hold. Takes how to place one; gives the place, or why there is none: at once
 * where no release would help, else when the wait is over.
 */
import { ClaimcheckError } from '../core/errors.ts'
import { withTimeout } from '../core/timeout.ts'
import { seconds } from '../core/units.ts'
import type { Wait } from './pod.ts'

/** Where a pod could go, or why nowhere, while the pods of this target hold their devices or as if none did. */
export type PlacementAttempt<T> = (held: 'held' | 'free') => T | ClaimcheckError

export class SchedulingQueue {
  #released = Promise.withResolvers<void>()

  /** Whoever waits tries again. */
  released(): void {
    this.#released.resolve()
    this.#released = Promise.withResolvers()
  }

  /** `attempt` is asked for anew after each release. Rejects with what the last one gave, or with INTERRUPTED. */
  async place<T extends object>(
    subject: string,
    attempt: () => Promise<PlacementAttempt<T>> | PlacementAttempt<T>,
    wait: Wait,
  ): Promise<T> {
    const until = performance.now() + wait.within * 1000
    for (;;) {
      const placed = await attempt()
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
