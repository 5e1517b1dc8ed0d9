/**
 * Bounds on what a container's log may cost, the same on every target. A line that is too long is cut; a log that is too
 * long ends with an error that names the container.
 */
import { ClaimcheckError } from '../core/errors.ts'

/** In characters. The longest line of the transfer binary is a RESULT, which has every sample. */
const MOST_LINE = 4 * 2 ** 20
/** In characters. A transfer prints some dozens of lines. */
const MOST_LOG = 32 * 2 ** 20

/**
 * Splits text at line feeds. Unlike Node's readline it does not split at other separators, which may be part of a JSON
 * string. Of a line that is too long only the beginning is returned.
 */
export class LineSplitter {
  readonly #most: number
  #rest = ''
  #discarding = false

  constructor(most: number = MOST_LINE) {
    this.#most = most
  }

  /** Returns the lines that `text` completes, without their line feeds. */
  push(text: string): string[] {
    const lines: string[] = []
    const parts = text.split('\n')
    for (const [index, part] of parts.entries()) {
      if (!this.#discarding) this.#rest += part
      if (this.#rest.length > this.#most) {
        this.#rest = this.#rest.slice(0, this.#most)
        this.#discarding = true
      }
      if (index === parts.length - 1) break
      lines.push(withoutReturn(this.#rest))
      this.#rest = ''
      this.#discarding = false
    }
    return lines
  }

  /** Returns the last line if it has no line feed. */
  finish(): string | undefined {
    const last = this.#rest
    this.#rest = ''
    return last === '' ? undefined : withoutReturn(last)
  }
}

const withoutReturn = (line: string): string => (line.endsWith('\r') ? line.slice(0, -1) : line)

/** Counts the characters of one log. */
export class LogBudget {
  readonly #subject: string
  #left = MOST_LOG

  constructor(subject: string) {
    this.#subject = subject
  }

  /** Throws RESULT_INVALID when the log has become too long. */
  spend(characters: number): void {
    this.#left -= characters
    if (this.#left >= 0) return
    throw new ClaimcheckError('RESULT_INVALID', {
      subject: this.#subject,
      problem: 'printed too much',
      expected: `a log of at most ${MOST_LOG / 2 ** 20} Mi characters`,
      found: 'more',
      hint: 'The transfer is not used. Check which program runs in the container.',
    })
  }
}
