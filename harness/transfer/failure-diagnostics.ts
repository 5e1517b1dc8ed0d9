/**
 * Saves a target's diagnosis of failed pods to the journal before the pods are released. It never rejects, so that the original
 * error is not replaced.
 */
import { asClaimcheckError } from '../core/errors.ts'
import type { Journal } from '../core/journal.ts'
import { seconds } from '../core/units.ts'
import { withTimeout } from '../core/timeout.ts'
import type { Target } from '../targets/target.ts'

export const DIAGNOSTICS = 'evidence'
const LIMIT = seconds(20)

/** Does nothing on an emulated rack, whose journal is complete already, and in an interrupted run, which must end soon. */
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
