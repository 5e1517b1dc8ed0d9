/** The one line of a log that begins with a tag, as the transfer binary prints its lists of devices. */
import { ClaimcheckError } from '../core/errors.ts'

/**
 * Returns the line without its tag. Rejects with RESULT_MISSING when no line has the tag, and with RESULT_DUPLICATE when several
 * that differ have: nothing tells which of them the binary printed. A log that is read again has the same line twice.
 */
export async function onlyTagged(
  tag: string,
  lines: AsyncIterable<string> | Iterable<string>,
  subject: string,
): Promise<string> {
  let found: string | undefined
  for await (const line of lines) {
    if (!line.startsWith(`${tag} `)) continue
    const text = line.slice(tag.length + 1)
    if (found !== undefined && found !== text)
      throw new ClaimcheckError('RESULT_DUPLICATE', {
        subject,
        problem: `printed ${tag} lines that differ`,
        found: line.slice(0, 200),
        hint: 'Check which program runs in the container.',
      })
    found = text
  }
  if (found === undefined)
    throw new ClaimcheckError('RESULT_MISSING', { subject, problem: `ended without a ${tag} line` })
  return found
}
