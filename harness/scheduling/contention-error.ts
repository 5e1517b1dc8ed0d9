/** A claim that cannot be satisfied because another run holds devices and may itself be waiting for devices of this run. */
import { ClaimcheckError } from '../core/errors.ts'

/** Thrown by a target; who catches it releases its own devices and tries again later. */
export class ContentionError extends ClaimcheckError {}
