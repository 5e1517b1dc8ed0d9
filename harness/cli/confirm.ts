/** Asks for a confirmation on the terminal. The default answer is no. */
import { createInterface } from 'node:readline/promises'

export type Confirm = (question: string) => Promise<boolean>

/** Undefined when standard input is not a terminal, as in a pipe or a CI job. */
export function confirmOn(terminal: {
  readonly stdin?: NodeJS.ReadableStream & { readonly isTTY?: boolean }
  readonly stderr: { write(text: string): unknown }
}): Confirm | undefined {
  const { stdin, stderr } = terminal
  if (stdin?.isTTY !== true) return undefined
  return async (question) => {
    stderr.write(`${question} [y/N] `)
    const lines = createInterface({ input: stdin })
    try {
      return /^y(es)?$/i.test(await lines.question(''))
    } finally {
      lines.close()
    }
  }
}
