/**
 * How a thrown error refers to the expectations that its test recorded, so that a report shows each of them once. Vitest
 * serializes an error's own fields on the way from the worker to the reporter.
 */
import { z } from 'zod'
import type { SerializedError } from 'vitest'
import { ClaimcheckError, type ErrorCode, type ErrorFacts } from '../core/errors.ts'

/** Thrown for an expectation that could not be judged. `expectations`: the ids of recorded expectations. */
export class JudgedError extends ClaimcheckError {
  readonly expectations: readonly string[]

  constructor(code: ErrorCode, facts: ErrorFacts, expectations: readonly string[]) {
    super(code, facts)
    this.expectations = expectations
  }
}

const ids = z.array(z.string())
const judgedError = z.looseObject({ expectations: ids })
/** Where Vitest puts the `meta` that a matcher returned with its assertion error. */
const CONTEXT = '__vitest_error_context__'
const assertionError = z.looseObject({
  [CONTEXT]: z.looseObject({ meta: z.looseObject({ expectations: ids }) }),
})

/** The ids of the recorded expectations that `error` refers to; empty for any other error. */
export function expectationsIn(error: SerializedError): readonly string[] {
  const judged = judgedError.safeParse(error)
  if (judged.success) return judged.data.expectations
  const failed = assertionError.safeParse(error)
  return failed.success ? failed.data[CONTEXT].meta.expectations : []
}
