/** What the commands of the command line share. */
import { InvalidArgumentError } from 'commander'
import type { TextStream } from '../../core/terminal.ts'

/** The environment and streams of a command; `process` is one. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdout: TextStream
  readonly stderr: TextStream
  /** For confirmations, when it is a terminal. */
  readonly stdin?: NodeJS.ReadableStream & { readonly isTTY?: boolean }
}

export interface CommandContext {
  readonly terminal: Terminal
  /** Prints a line on stdout. */
  readonly say: (line: string) => void
  readonly exit: (code: number) => void
}

/** The text of an example for the help of a command. */
export const example = (command: string): string => `\nExample:\n  $ ${command}`

/** Throws InvalidArgumentError, for an option that is a count. */
export function countOf(text: string): number {
  const count = Number(text)
  if (Number.isInteger(count) && count > 0) return count
  throw new InvalidArgumentError('expected a whole number above 0')
}
