/**
 * Ctrl-C and SIGTERM end a run in order. The first cancels it: signals of running tests abort, what they hold is released,
 * reports are written, and the exit code is 130 or 143. The second exits at once. Without this, Vitest exits after 1 ms.
 */
import type { Reporter, Vitest } from 'vitest/node'

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const
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
    // Vitest itself sets 1 for an interrupted run, and may do so late.
    process.once('exit', () => {
      if (this.#received !== undefined) process.exitCode = EXIT_CODES[this.#received]
    })
  }

  /** Vitest forgets a cancel that came before its run began. */
  onTestModuleQueued(): void {
    if (this.#received !== undefined) this.#cancel()
  }

  #receive(signal: Signal): void {
    if (this.#received !== undefined) process.exit(EXIT_CODES[signal])
    this.#received = signal
    process.stderr.write(
      `\nclaimcheck: ${signal}: releasing what the tests hold; once more to exit at once\n`,
    )
    this.#cancel()
  }

  #cancel(): void {
    this.#vitest?.cancelCurrentRun('keyboard-input').catch(() => {
      // The run rejects with the same error to whoever started it, and is reported there.
    })
  }
}
