/**
 * Determines which faults a target can emulate. A run checks the faults of its rack before it starts anything.
 */
import { ClaimcheckError } from '../core/errors.ts'
import { describeFault, type FaultKind } from './fault.ts'
import type { Rack } from './rack.ts'

/** `vm`: a lab whose nodes are virtual machines. */
export type FaultingTarget = 'emulated' | 'lab' | 'vm'

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

/** These faults need links, devices or a /sys that the lab's drivers make; a virtual machine has those of its kernel. */
const NOT_IN_A_VM: readonly FaultKind[] = [
  'numa-moved',
  'rail-shared',
  'tcp-fallback',
  'link-cut',
  'device-leak',
  'device-missing',
  'device-unopenable',
]

const UNSUPPORTED_FAULTS = {
  emulated: LAB_ONLY,
  lab: EMULATED_ONLY,
  vm: [...EMULATED_ONLY, ...NOT_IN_A_VM],
} as const

export function requireFaultSupport({ path, faults }: Rack, maker: FaultingTarget): void {
  const index = faults.findIndex(({ kind }) => UNSUPPORTED_FAULTS[maker].includes(kind))
  const fault = faults[index]
  if (fault === undefined) return
  const other = maker === 'emulated' ? 'lab' : 'emulated'
  throw new ClaimcheckError('FAULT_INVALID', {
    subject: `${path} faults[${index}] (${describeFault(fault)})`,
    problem: `is not supported by ${maker === 'vm' ? 'nodes in virtual machines' : `the target "${maker}"`}`,
    expected: `a fault other than ${UNSUPPORTED_FAULTS[maker].join(', ')}`,
    found: fault.kind,
    hint: `Remove it, or run with CLAIMCHECK_TARGET=${other}.`,
  })
}
