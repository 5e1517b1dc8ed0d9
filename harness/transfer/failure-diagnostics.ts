/**
 * What there was to see when something went wrong, taken before it is released. Takes a target and an error; keeps the
 * target's diagnosis in the journal, as an entry called `evidence`. Never fails, and never hides the error it is about.
 */
import { asClaimcheckError } from '../core/errors.ts'
import type { Journal } from '../core/journal.ts'
import { seconds } from '../core/units.ts'
import { withTimeout } from '../core/timeout.ts'
import type { Target } from '../targets/target.ts'

export const DIAGNOSTICS = 'evidence'
const LIMIT = seconds(20)

/** An emulated rack has no more to say than its journal; an interrupted run wants to end. */
export async function saveDiagnostics(
  target: Target,
  journal: Journal,
  of: { readonly subject: string; readonly error: unknown },
): Promise<void> {
  const { code, message } = asClaimcheckError(of.error)
  if (target.kind === 'emulated' || code === 'INTERRUPTED') return
  const { subject } = of
  try {
    const diagnosis = await withTimeout(target.diagnose(subject), {
      subject,
      until: 'to be diagnosed',
      within: LIMIT,
    })
    journal.record(DIAGNOSTICS, subject, { error: { code, message }, ...diagnosis })
  } catch (error) {
    journal.record(DIAGNOSTICS, subject, {
      error: { code, message },
      missing: asClaimcheckError(error).message,
    })
  }
}
