/** Asks a person. Takes a terminal; gives a question whose answer is yes only where somebody says so. */
import { createInterface } from 'node:readline/promises'

export type Confirm = (question: string) => Promise<boolean>

/** Undefined where nobody sits at the other end: a pipe, a CI job. */
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
