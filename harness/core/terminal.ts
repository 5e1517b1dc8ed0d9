/**
 * The only place that writes to a terminal. Text may come from a pod, a cluster or a file, so control characters, which could
 * clear the screen, forge lines or reach the clipboard, are shown as escapes, and long lines are shortened.
 */

/* oxlint-disable no-control-regex -- finding control characters is what this file is for */

/** In characters. */
const MOST_LINE = 8000

// C0 but tab and line feed, DEL, C1, separators, and what is invisible or changes the direction of writing.
const UNSAFE =
  /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u00AD\u061C\u180E\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB\u{E0000}-\u{E007F}]/gu
/** Colours and weights, as `styleText` writes them. */
const STYLE = /(\u001B\[(?:0|1|22|3[0-7]|39|90)m)/

/** Where text goes: a terminal, a pipe or a file. */
export interface TextStream {
  write(text: string): unknown
  on?(event: 'error', listener: (error: Error) => void): unknown
}

/** Returns the text with unsafe characters as escapes such as `\u{1b}`. Keeps tabs and line feeds; shortens long lines. */
export const printable = (text: string): string =>
  text
    .split('\n')
    .map((line) => shortened(line.replaceAll(UNSAFE, escaped)))
    .join('\n')

/** The same as one line: line feeds and tabs become spaces. */
export const printableLine = (text: string): string => printable(text.replaceAll(/[\n\t]+/g, ' '))

/** Indents all lines of a message but the first, so that no text in it looks like a line of its own. */
export const hanging = (message: string): string => message.replaceAll('\n', '\n    ')

/** Returns a copy of plain data in which every string and key is printable. */
export function printableIn<T>(value: T): T
export function printableIn(value: unknown): unknown {
  return mapText(value, printable)
}

/** The same with every string and key on one line. */
export function printableLinesIn<T>(value: T): T
export function printableLinesIn(value: unknown): unknown {
  return mapText(value, printableLine)
}

function mapText(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value)
  if (Array.isArray(value)) return value.map((one: unknown) => mapText(one, change))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [change(key), mapText(one, change)]))
}

const escaped = (character: string): string => `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`

const shortened = (line: string): string =>
  line.length <= MOST_LINE ? line : `${line.slice(0, MOST_LINE).toWellFormed()}… (${line.length} characters)`

/** Writes to one stream. When nobody reads any more, as after `| head`, the rest is dropped, so that a run still ends in order. */
export class TerminalWriter {
  readonly #stream: TextStream
  #closed = false

  constructor(stream: TextStream) {
    this.#stream = stream
    stream.on?.('error', () => (this.#closed = true))
  }

  /** Writes plain text. */
  readonly write = (text: string): void => this.#write(printable(text))

  /** Writes a line, which may have colours. Text from outside in it must be `printable` already, or it could have colours too. */
  styledLine(line: string): void {
    this.#write(
      `${line
        .split(STYLE)
        .map((part, index) => (index % 2 === 1 ? part : printable(part)))
        .join('')}\n`,
    )
  }

  /** Erases the current line of a terminal and writes `text` there. */
  rewriteLine(text: string): void {
    this.#write(`\r\u001B[2K${printableLine(text)}`)
  }

  #write(text: string): void {
    if (this.#closed) return
    this.#stream.write(text)
  }
}

const writers = new WeakMap<TextStream, TerminalWriter>()

/** The writer of a stream; one for each stream. */
export function writerTo(stream: TextStream): TerminalWriter {
  const writer = writers.get(stream) ?? new TerminalWriter(stream)
  writers.set(stream, writer)
  return writer
}

export const standardError = (): TerminalWriter => writerTo(process.stderr)
