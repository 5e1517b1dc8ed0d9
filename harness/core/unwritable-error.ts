/** The error of a file or folder of reports that cannot be written. */
import { ClaimcheckError } from './errors.ts'

export const unwritableError = (
  subject: string,
  cause: unknown,
  { hint, expected }: { readonly hint: string; readonly expected?: string },
): ClaimcheckError =>
  new ClaimcheckError('REPORT_UNWRITABLE', {
    subject,
    problem: 'could not be written',
    ...(expected === undefined ? {} : { expected }),
    // Node's rmSync has no name for a read-only file system.
    found: (cause instanceof Error ? cause.message : String(cause)).replace(/^, Unknown error: /, ''),
    hint,
    cause,
  })
