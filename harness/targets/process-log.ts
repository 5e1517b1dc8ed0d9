/** The log of one container that runs as a process. Any number of readers can read it from the start until the container ends. */
import type { ContainerExit } from '../scheduling/pod.ts'
import { LineSplitter, LogBudget } from './log-limits.ts'

/** The cost of a line besides its characters, in characters. */
const LINE_OVERHEAD = 64

export class ContainerLog {
  readonly #budget: LogBudget
  readonly #splitter = new LineSplitter()
  readonly #lines: string[] = []
  #wake = Promise.withResolvers<void>()
  readonly #exit = Promise.withResolvers<ContainerExit>()
  #ended = false
  /** Why no more lines are kept. */
  #excess: unknown
  stderr = ''

  /** `subject` names the container in errors. */
  constructor(subject: string) {
    this.#budget = new LogBudget(subject)
    this.#exit.promise.catch(() => undefined)
  }

  /** Adds text of any length, which is split into lines. */
  write(text: string): void {
    if (!this.#spend(text.length)) return
    for (const line of this.#splitter.push(text)) this.#add(line)
  }

  push(line: string): void {
    if (this.#spend(line.length)) this.#add(line)
  }

  end(exit: ContainerExit): void {
    const last = this.#splitter.finish()
    if (last !== undefined) this.#add(last)
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

  /** The last 20 lines, each of at most 1000 characters. */
  get lastLines(): readonly string[] {
    return this.#lines.slice(-20).map((line) => line.slice(0, 1000))
  }

  /**
   * Ends when the container has ended and all lines are read, or without an error when `signal` is aborted. Throws RESULT_INVALID after the lines
   * that were kept of a log that is too long.
   */
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
        } else if (this.#excess !== undefined) throw this.#excess
        else if (this.#ended) return
        else await Promise.race([this.#wake.promise, aborted.promise])
      }
    } finally {
      signal?.removeEventListener('abort', stop)
    }
  }

  #add(line: string): void {
    if (!this.#spend(LINE_OVERHEAD)) return
    this.#lines.push(line)
    this.#stir()
  }

  #spend(characters: number): boolean {
    if (this.#excess !== undefined) return false
    try {
      this.#budget.spend(characters)
      return true
    } catch (error) {
      this.#excess = error
      this.#stir()
      return false
    }
  }

  #stir(): void {
    this.#wake.resolve()
    this.#wake = Promise.withResolvers()
  }
}
