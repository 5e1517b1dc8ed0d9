/** Reads a file that the user named. */
import { readFileSync } from 'node:fs'
import { ClaimcheckError } from './errors.ts'

/** Throws FILE_UNREADABLE with the reason. */
export function readInputFile(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new ClaimcheckError('FILE_UNREADABLE', {
      subject: path,
      problem: 'could not be read',
      found: cause instanceof Error ? cause.message : String(cause),
      hint: 'Name an existing, readable file.',
      cause,
    })
  }
}
