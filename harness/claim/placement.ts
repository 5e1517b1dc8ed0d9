/**
 * What a test asks for: "4 GPUs and 4 NICs of NUMA node 0". A placement names no device and nothing of Kubernetes. Its arm
 * says how GPUs and NICs stand to each other; a placement that contradicts its arm is refused.
 */
import { ClaimcheckError } from '../core/errors.ts'
import type { NumaArm, Sku } from '../sku/sku.ts'
import { farthestNicNode, nearestNicNode } from './nic-nodes.ts'

export interface DeviceGroup {
  readonly count: number
  readonly numaNode: number
}

/** Where the buffers of a transfer are. */
export type MemoryKind = 'gpu' | 'host'

export interface Placement {
  readonly arm: NumaArm
  /**
   * `host`: the buffers are in host memory of the NUMA node that `gpus` states, one for each of its count, and no GPU is
   * claimed. Absent: in the memory of the GPUs.
   */
  readonly memory?: 'host'
  readonly gpus: DeviceGroup
  readonly nics: DeviceGroup
}

/** All GPUs of a node, for transfers between them. */
export interface GpuPlacement {
  readonly arm: 'linked'
  readonly gpus: 'all'
}

/** Tells the placements of a SKU apart in names: `aligned`, and `numa1-aligned` for GPUs of NUMA node 1. */
export const placementName = ({ arm, gpus }: Placement): string =>
  gpus.numaNode === 0 ? arm : `numa${gpus.numaNode}-${arm}`

export const allGpus = (): GpuPlacement => ({ arm: 'linked', gpus: 'all' })

/**
 * Throws EXPECTATION_INVALID where the SKU has no such devices, or where the NICs are not as near to the GPUs (aligned), or
 * not farther from them (unaligned), than the arm says.
 */
export function checkPlacement(placement: Placement, sku: Sku): void {
  const { arm, gpus, nics } = placement
  const subject = `placement "${arm}" on SKU ${sku.name}`
  if (placement.memory !== 'host') checkGroup(subject, 'GPUs', gpus, sku.gpus)
  checkGroup(subject, 'NICs', nics, sku.nics)
  const nearest = nearestNicNode(gpus.numaNode, sku)
  if (nearest === undefined || (nearest === nics.numaNode) === (arm === 'aligned')) return
  const wanted = arm === 'aligned' ? nearest : farthestNicNode(gpus.numaNode, sku)
  throw new ClaimcheckError('EXPECTATION_INVALID', {
    subject,
    problem: 'contradicts its arm',
    expected:
      wanted === undefined
        ? `NICs farther from NUMA node ${gpus.numaNode} than its nearest; the SKU has none`
        : `for GPUs of NUMA node ${gpus.numaNode} NICs of NUMA node ${wanted}`,
    found: `NICs of NUMA node ${nics.numaNode}`,
  })
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
    expected:
      there === 0
        ? `${what} of a NUMA node that has some`
        : `from 1 to ${there} ${what} of NUMA node ${numaNode}`,
    found: `${count} of NUMA node ${numaNode}`,
  })
}
