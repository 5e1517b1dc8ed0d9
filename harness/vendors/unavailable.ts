/** The error for a machine whose GPUs or drivers cannot be used as they are. */
import { ClaimcheckError } from '../core/errors.ts'

export const unavailable = (
  problem: string,
  facts: {
    readonly expected?: string
    readonly found?: string
    readonly hint?: string
    readonly cause?: unknown
  },
): ClaimcheckError =>
  new ClaimcheckError('TARGET_UNAVAILABLE', { subject: 'this machine', problem, ...facts })
