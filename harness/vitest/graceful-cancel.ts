/**
 * Ends a run gracefully on Ctrl-C, SIGTERM, SIGHUP and SIGQUIT. The first signal cancels the run: running tests abort, their
 * devices are released, reports are written, and the exit code is 128 and the number of the signal. The second exits at once.
 * Vitest alone exits after 1 ms.
 */
import { standardError } from '../core/terminal.ts'
import type { Reporter, Vitest } from 'vitest/node'

const EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGQUIT: 131, SIGTERM: 143 } as const
type Signal = keyof typeof EXIT_CODES
/**
 * `claimcheck run` forwards these, so that one closed terminal or `timeout`, which signal the whole process group, arrive twice.
 * Within this time after the first they are no repetition by a person.
 */
const FORWARDED: ReadonlySet<Signal> = new Set(['SIGHUP', 'SIGTERM'])
const FORWARDING_MS = 2000

export default class GracefulCancel implements Reporter {
  #vitest: Vitest | undefined
  #received: Signal | undefined
  #receivedAt = 0

  onInit(vitest: Vitest): void {
    this.#vitest = vitest
    for (const signal of Object.keys(EXIT_CODES) as Signal[]) {
      process.removeAllListeners(signal)
      process.on(signal, () => this.#receive(signal))
    }
    // Vitest sets exit code 1 for an interrupted run, possibly after this listener was added.
    process.once('exit', () => {
      if (this.#received !== undefined) process.exitCode = EXIT_CODES[this.#received]
    })
  }

  /** Vitest drops a cancellation that arrives before its run begins, so it is repeated. */
  onTestModuleQueued(): void {
    if (this.#received !== undefined) this.#cancel()
  }

  #receive(signal: Signal): void {
    if (this.#received !== undefined) {
      const isForwarded = FORWARDED.has(signal) && performance.now() - this.#receivedAt < FORWARDING_MS
      if (isForwarded) return
      process.exit(EXIT_CODES[signal])
    }
    this.#received = signal
    this.#receivedAt = performance.now()
    standardError().write(`\nclaimcheck: ${signal}: releasing devices; repeat the signal to exit at once\n`)
    this.#cancel()
  }

  #cancel(): void {
    this.#vitest?.cancelCurrentRun('keyboard-input').catch(() => {
      // The caller that started the run receives the same error and reports it.
    })
  }
}
