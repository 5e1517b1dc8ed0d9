/** The log of one container that runs as a process. Any number of readers can read it from the start until the container ends. */
import type { ContainerExit } from '../scheduling/pod.ts'

/** The number of lines that are kept; a transfer prints some dozens. */
const LIMIT = 20_000

export class ContainerLog {
  readonly #lines: string[] = []
  #wake = Promise.withResolvers<void>()
  readonly #exit = Promise.withResolvers<ContainerExit>()
  #ended = false
  stderr = ''

  constructor() {
    this.#exit.promise.catch(() => undefined)
  }

  push(line: string): void {
    if (this.#lines.length < LIMIT) this.#lines.push(line)
    this.#stir()
  }

  end(exit: ContainerExit): void {
    this.#ended = true
    this.#exit.resolve(exit)
    this.#stir()
  }

  /** Ends the log without an exit, because the pod or the whole rack is gone. */
  fail(error: Error): void {
    this.#ended = true
    this.#exit.reject(error)
    this.#stir()
  }

  get exit(): Promise<ContainerExit> {
    return this.#exit.promise
  }

  get ended(): boolean {
    return this.#ended
  }

  get lastLines(): readonly string[] {
    return this.#lines.slice(-20)
  }

  /** Ends when the container has ended and all lines are read, or without an error when `signal` is aborted. */
  async *read(signal?: AbortSignal): AsyncGenerator<string, void> {
    const aborted = Promise.withResolvers<void>()
    const stop = (): void => aborted.resolve()
    signal?.addEventListener('abort', stop, { once: true })
    try {
      for (let next = 0; ;) {
        if (signal?.aborted) return
        const line = this.#lines[next]
        if (line !== undefined) {
          next++
          yield line
        } else if (this.#ended) return
        else await Promise.race([this.#wake.promise, aborted.promise])
      }
    } finally {
      signal?.removeEventListener('abort', stop)
    }
  }

  #stir(): void {
    this.#wake.resolve()
    this.#wake = Promise.withResolvers()
  }
}
