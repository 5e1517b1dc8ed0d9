/**
 * Determines which faults a target can emulate. A run checks the faults of its rack before it starts anything.
 */
import { ClaimcheckError } from '../core/errors.ts'
import { describeFault, type FaultKind } from './fault.ts'
import type { Rack } from './rack.ts'

export type FaultingTarget = 'emulated' | 'lab'

/** The lab's pods write their own logs and use the machine's clock; its links have a fixed rate and no packet loss. */
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
/** These faults need a kubelet that calls a driver, which only the lab has. */
const LAB_ONLY: readonly FaultKind[] = ['prepare-fails-once', 'late-status']

const UNSUPPORTED_FAULTS = { emulated: LAB_ONLY, lab: EMULATED_ONLY } as const

export function requireFaultSupport({ path, faults }: Rack, maker: FaultingTarget): void {
  const index = faults.findIndex(({ kind }) => UNSUPPORTED_FAULTS[maker].includes(kind))
  const fault = faults[index]
  if (fault === undefined) return
  const other = maker === 'lab' ? 'emulated' : 'lab'
  throw new ClaimcheckError('FAULT_INVALID', {
    subject: `${path} faults[${index}] (${describeFault(fault)})`,
    problem: `is not supported by the target "${maker}"`,
    expected: `a fault other than ${UNSUPPORTED_FAULTS[maker].join(', ')}`,
    found: fault.kind,
    hint: `Remove it, or run with CLAIMCHECK_TARGET=${other}.`,
  })
}
