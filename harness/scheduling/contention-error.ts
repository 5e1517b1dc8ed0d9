/** The error of a claim that cannot be satisfied because another run holds devices, which may itself wait for devices of this run. */
import { ClaimcheckError } from '../core/errors.ts'

/** Thrown by a target. The caller releases its own devices and tries again later. */
export class ContentionError extends ClaimcheckError {}
