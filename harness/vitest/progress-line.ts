/**
 * Shows the progress of a running arm: on a terminal one line that is rewritten, otherwise one line when an arm starts, at
 * most every ten seconds.
 */
import { writerTo, type TextStream } from '../core/terminal.ts'
import type { Progress } from '../measure/measured-rounds.ts'

/** The destination of lines: a terminal, a pipe or a file. */
export interface Output extends TextStream {
  readonly isTTY?: boolean
  readonly columns?: number
}

/** In columns. A terminal of unknown width reports 0 columns; it and logs are treated as 120 columns wide. */
export const widthOf = ({ columns = 0 }: Output): number => (columns === 0 ? 120 : Math.max(columns, 40))

const LEAST_GAP_MS = 10_000

export class ProgressLine {
  readonly #output: Output
  readonly #now: () => number
  #shown = false
  #lastArm = ''
  #lastAt = -Infinity

  constructor(output: Output, now: () => number = () => performance.now()) {
    this.#output = output
    this.#now = now
  }

  show(progress: Progress): void {
    const { comparison, arm, round, phase, done, of } = progress
    const where = `${comparison} ${arm}, round ${round + 1}`
    if (this.#output.isTTY === true) return this.say(`${where}: ${done}/${of} ${phase}`)
    if (where === this.#lastArm || this.#now() - this.#lastAt < LEAST_GAP_MS) return
    this.#lastArm = where
    this.#lastAt = this.#now()
    writerTo(this.#output).write(`  ${where}\n`)
  }

  /** Shows `text` until the next call; on a terminal only. */
  say(text: string): void {
    if (this.#output.isTTY !== true) return
    const room = widthOf(this.#output) - 3
    writerTo(this.#output).rewriteLine(`  ${text.length > room ? `${text.slice(0, room - 1)}…` : text}`)
    this.#shown = true
  }

  /** Must be called before anything else is written to the same output. */
  clear(): void {
    if (this.#shown) writerTo(this.#output).rewriteLine('')
    this.#shown = false
  }
}
