/**
 * Turns an error that a native program reports as one JSON object into a ClaimcheckError. Unknown fields are dropped and long
 * text is shortened, since the program may be anything that runs in a pod.
 */
import { z } from 'zod'
import { ClaimcheckError, isErrorCode, type ErrorCode } from './errors.ts'
import { printableLine } from './terminal.ts'

/** In characters. */
const MOST_TEXT = 4000
/** On one line, so that no text of a program begins a line of its own in a message or redraws a terminal. */
const shortText = z.string().transform((text) => {
  const shortened = text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT).toWellFormed()}...` : text
  return printableLine(shortened)
})

export const reportedErrorSchema = z.object({
  code: z.string().transform((code) => code.slice(0, 64)),
  /** The whole sentence. */
  message: shortText,
  subject: shortText.nullish(),
  expected: shortText.nullish(),
  found: shortText.nullish(),
  hint: shortText.nullish(),
  /** The peer that reported the error to the program. */
  told_by: shortText.nullish(),
})

export type ReportedError = z.infer<typeof reportedErrorSchema>

export interface ErrorSource {
  /** Named before the sentence. */
  readonly program?: string
  /** The codes of claimcheck that the program may use. By default all: the program is ours. */
  readonly codes?: ReadonlySet<ErrorCode>
}

/** `otherwise` is the code for an error with any other code, which is then added to the sentence. */
export function errorFrom(
  reported: ReportedError,
  otherwise: ErrorCode,
  { program, codes }: ErrorSource = {},
): ClaimcheckError {
  const { code, message, subject, expected, found, hint } = reported
  const own = isErrorCode(code) && (codes?.has(code) ?? true) ? code : undefined
  const said = own === undefined && program !== undefined ? `${message} (${code})` : message
  return new ClaimcheckError(own ?? otherwise, {
    subject: subject ?? program ?? 'a native program',
    problem: said,
    sentence: program === undefined ? said : `${program}: ${said}`,
    ...(expected ? { expected } : {}),
    ...(found ? { found } : {}),
    ...(hint ? { hint } : {}),
    details: reported,
  })
}
