/** The precondition that arms differ in nothing but what their declaration varies. */
import { ClaimcheckError } from '../core/errors.ts'
import type { Placement } from '../claim/placement.ts'
import type { TransferOutcome } from '../transfer/transfer-outcome.ts'

/**
 * Throws PRECONDITION_TOPOLOGY where two arms of a round that claim GPUs by the same description were given different GPUs of
 * a node, and so for NICs. Arms that claim different devices by their placements are not compared.
 */
export function requireSameDevices(
  placements: Readonly<Record<string, Placement>>,
  outcomes: Readonly<Record<string, Pick<TransferOutcome, 'initiator' | 'target'>>>,
): void {
  const known = new Map<string, { readonly arm: string; readonly devices: string }>()
  for (const [arm, { initiator, target }] of Object.entries(outcomes)) {
    const placement = placements[arm]
    if (placement === undefined) continue
    for (const { node, allocated } of [initiator, target])
      for (const kind of ['gpus', 'nics'] as const) {
        if (kind === 'gpus' && placement.memory === 'host') continue
        const devices = allocated[kind]
          .map(({ name }) => name)
          .sort()
          .join(', ')
        const key = JSON.stringify([node, kind, placement[kind]])
        const first = known.get(key)
        if (first === undefined) known.set(key, { arm, devices })
        else if (first.devices !== devices)
          throw different(`${node}: the ${kind === 'gpus' ? 'GPUs' : 'NICs'} of arm ${arm}`, first, devices)
      }
  }
}

const different = (
  subject: string,
  first: { readonly arm: string; readonly devices: string },
  found: string,
): ClaimcheckError =>
  new ClaimcheckError('PRECONDITION_TOPOLOGY', {
    subject,
    problem: `are not those of arm ${first.arm}, which claims the same`,
    expected: first.devices,
    found,
    hint: 'Claim all devices of the NUMA node, or run while nothing else claims devices of the node.',
  })
