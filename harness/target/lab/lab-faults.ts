/** Which faults the lab can make. Takes a rack; throws FAULT_INVALID for the first one that it cannot, naming who can. */
import { ClaimcheckError } from '../../core/errors.ts'
import { describeFault, type FaultKind } from '../../rack/fault.ts'
import type { Rack } from '../../rack/rack.ts'

const MADE: readonly FaultKind[] = [
  'nic-slow',
  'nics-slow',
  'gpu-path-slow',
  'interconnect',
  'contention',
  'link-cut',
  'tcp-fallback',
  'rail-shared',
  'mtu',
  'device-leak',
  'device-missing',
  'device-unopenable',
  'numa-moved',
  'numa-misreport',
  'nics-swapped',
  'rdma-misreport',
  'gpu-count',
  'prepare-fails-once',
  'late-status',
]

export function checkLabFaults({ path, faults }: Rack): void {
  const index = faults.findIndex(({ kind }) => !MADE.includes(kind))
  const fault = faults[index]
  if (fault === undefined) return
  throw new ClaimcheckError('FAULT_INVALID', {
    subject: `${path} faults[${index}] (${describeFault(fault)})`,
    problem: 'cannot be made in the lab, whose pods write their own logs and whose links keep one rate',
    expected: `one of ${MADE.join(', ')}`,
    found: fault.kind,
    hint: 'Leave it out, or run with CLAIMCHECK_TARGET=emulated.',
  })
}
