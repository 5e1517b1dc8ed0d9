/**
 * Ends a run gracefully on Ctrl-C and SIGTERM. The first signal cancels the run: running tests abort, their devices are
 * released, reports are written, and the exit code is 130 or 143. The second exits at once. Vitest alone exits after 1 ms.
 */
import { standardError } from '../core/terminal.ts'
import type { Reporter, Vitest } from 'vitest/node'

const EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const
type Signal = keyof typeof EXIT_CODES

export default class GracefulCancel implements Reporter {
  #vitest: Vitest | undefined
  #received: Signal | undefined

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
    if (this.#received !== undefined) process.exit(EXIT_CODES[signal])
    this.#received = signal
    standardError().write(`\nclaimcheck: ${signal}: releasing devices; repeat the signal to exit at once\n`)
    this.#cancel()
  }

  #cancel(): void {
    this.#vitest?.cancelCurrentRun('keyboard-input').catch(() => {
      // The caller that started the run receives the same error and reports it.
    })
  }
}
