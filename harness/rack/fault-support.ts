/**
 * Which target can make which fault. Takes a rack and who is to make it; throws FAULT_INVALID for the first fault that
 * this one cannot, naming who can. Called before anything is started.
 */
import { ClaimcheckError } from '../core/errors.ts'
import { describeFault, type FaultKind } from './fault.ts'
import type { Rack } from './rack.ts'

export type FaultingTarget = 'emulated' | 'lab'

/** Pods of the lab write their own logs and keep their own clock, and its links have one rate and lose nothing. */
const EMULATED_ONLY: readonly FaultKind[] = [
  'rate-bimodal',
  'rate-jitter',
  'stall',
  'slow-start',
  'throttle',
  'link-flap',
  'packet-loss',
  'corrupt',
  'log-double',
  'result-duplicate',
  'log-late',
  'log-missing',
  'log-cut',
  'log-garbled',
  'unverified',
  'clock-step',
]
/** Nothing is prepared and nobody writes a status late where no kubelet asks a driver. */
const LAB_ONLY: readonly FaultKind[] = ['prepare-fails-once', 'late-status']

const UNSUPPORTED_FAULTS = { emulated: LAB_ONLY, lab: EMULATED_ONLY } as const

export function requireFaultSupport({ path, faults }: Rack, maker: FaultingTarget): void {
  const index = faults.findIndex(({ kind }) => UNSUPPORTED_FAULTS[maker].includes(kind))
  const fault = faults[index]
  if (fault === undefined) return
  const other = maker === 'lab' ? 'emulated' : 'lab'
  throw new ClaimcheckError('FAULT_INVALID', {
    subject: `${path} faults[${index}] (${describeFault(fault)})`,
    problem: `cannot be made by the target "${maker}"`,
    expected: `a fault other than ${UNSUPPORTED_FAULTS[maker].join(', ')}`,
    found: fault.kind,
    hint: `Leave it out, or run with CLAIMCHECK_TARGET=${other}.`,
  })
}
