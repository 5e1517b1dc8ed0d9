/**
 * What a test asks for: "4 GPUs and 4 NICs of NUMA node 0". Takes nothing from Kubernetes, names no device.
 * An arm says how GPUs and NICs stand to each other; a placement that contradicts its arm is refused.
 */
import { ClaimcheckError } from '../core/errors.ts'
import type { NumaArm, Sku } from '../sku/sku.ts'

export interface DeviceGroup {
  readonly count: number
  readonly numaNode: number
}

export interface Placement {
  readonly arm: NumaArm
  readonly gpus: DeviceGroup
  readonly nics: DeviceGroup
}

/** All GPUs of a node, for transfers between them. */
export interface GpuPlacement {
  readonly arm: 'linked'
  readonly gpus: 'all'
}

export const allGpus = (): GpuPlacement => ({ arm: 'linked', gpus: 'all' })

/** Throws EXPECTATION_INVALID where the SKU has no such devices or the NUMA nodes contradict the arm. */
export function checkPlacement(placement: Placement, sku: Sku): void {
  const subject = `placement "${placement.arm}" on SKU ${sku.name}`
  const same = placement.gpus.numaNode === placement.nics.numaNode
  if (same !== (placement.arm === 'aligned')) {
    throw new ClaimcheckError('EXPECTATION_INVALID', {
      subject,
      problem: 'contradicts its arm',
      expected: `NICs on ${placement.arm === 'aligned' ? 'the' : 'another'} NUMA node ${placement.arm === 'aligned' ? 'of the GPUs' : 'than the GPUs'}`,
      found: `GPUs on ${placement.gpus.numaNode}, NICs on ${placement.nics.numaNode}`,
    })
  }
  checkGroup(subject, 'GPUs', placement.gpus, sku.gpus)
  checkGroup(subject, 'NICs', placement.nics, sku.nics)
}

function checkGroup(
  subject: string,
  what: string,
  { count, numaNode }: DeviceGroup,
  devices: readonly { readonly numaNode: number }[],
): void {
  const there = devices.filter((device) => device.numaNode === numaNode).length
  if (Number.isInteger(count) && count >= 1 && count <= there) return
  throw new ClaimcheckError('EXPECTATION_INVALID', {
    subject,
    problem: `asks for ${what} that the SKU does not have`,
    expected: `from 1 to ${there} ${what} of NUMA node ${numaNode}`,
    found: String(count),
  })
}
