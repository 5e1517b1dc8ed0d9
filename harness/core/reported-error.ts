/** Turns an error that a native program reports as one JSON object into a ClaimcheckError. */
import { z } from 'zod'
import { ClaimcheckError, isErrorCode, type ErrorCode } from './errors.ts'

export const reportedErrorSchema = z.looseObject({
  code: z.string(),
  /** The whole sentence. */
  message: z.string(),
  subject: z.string().nullish(),
  expected: z.string().nullish(),
  found: z.string().nullish(),
  hint: z.string().nullish(),
})

export type ReportedError = z.infer<typeof reportedErrorSchema>

/** `otherwise` is the code for an error whose code is not in the catalogue. `by` is the program, named before the sentence. */
export function errorFrom(reported: ReportedError, otherwise: ErrorCode, by?: string): ClaimcheckError {
  const { code, message, subject, expected, found, hint } = reported
  return new ClaimcheckError(isErrorCode(code) ? code : otherwise, {
    subject: subject ?? by ?? 'a native program',
    problem: message,
    sentence: by === undefined ? message : `${by}: ${message}`,
    ...(expected ? { expected } : {}),
    ...(found ? { found } : {}),
    ...(hint ? { hint } : {}),
    details: reported,
  })
}
