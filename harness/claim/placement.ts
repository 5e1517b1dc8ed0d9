/** What a test asks for: "4 GPUs and 4 NICs of NUMA node 0". A placement names no device and nothing of Kubernetes. */
import { ClaimcheckError } from '../core/errors.ts'
import type { Alignment, Sku } from '../sku/sku.ts'
import { farthestNicNode, nearestNicNode } from './nic-nodes.ts'

export interface DeviceGroup {
  readonly count: number
  readonly numaNode: number
}

/** Where the buffers of a transfer are. */
export type MemoryKind = 'gpu' | 'host'

export interface Placement {
  /** A claim about the NICs' distance that the SKU must confirm. Absent: any distance. */
  readonly alignment?: Alignment
  /**
   * `host`: the buffers are in host memory of the NUMA node that `gpus` states, one for each of its count, and no GPU is
   * claimed. Default: `gpu`.
   */
  readonly memory?: MemoryKind
  readonly gpus: DeviceGroup
  readonly nics: DeviceGroup
}

/** All GPUs of a node, for transfers between them. */
export interface GpuPlacement {
  readonly gpus: 'all'
}

/** Aligned: no NIC of the SKU is nearer to these GPUs. */
export const alignmentOf = ({ gpus, nics }: Pick<Placement, 'gpus' | 'nics'>, sku: Sku): Alignment =>
  nearestNicNode(gpus.numaNode, sku) === nics.numaNode ? 'aligned' : 'unaligned'

/** Tells the placements of a SKU apart in names: `aligned`, and `numa1-aligned` for GPUs of NUMA node 1. */
export function placementName(placement: Placement, sku: Sku): string {
  const alignment = alignmentOf(placement, sku)
  const { numaNode } = placement.gpus
  return numaNode === 0 ? alignment : `numa${numaNode}-${alignment}`
}

/** `4 GPUs of NUMA node 0 and 4 NICs of NUMA node 1` */
export const describePlacement = ({ memory, gpus, nics }: Placement): string => {
  const [one, several] =
    memory === 'host' ? ['buffer in host memory', 'buffers in host memory'] : ['GPU', 'GPUs']
  const sources = `${gpus.count} ${gpus.count === 1 ? one : several} of NUMA node ${gpus.numaNode}`
  return `${sources} and ${nics.count} ${nics.count === 1 ? 'NIC' : 'NICs'} of NUMA node ${nics.numaNode}`
}

export const allGpus = (): GpuPlacement => ({ gpus: 'all' })

/**
 * Throws EXPECTATION_INVALID where the SKU has no such devices, or where the NICs are not as near to the GPUs (aligned), or
 * not farther from them (unaligned), as the placement says.
 */
export function checkPlacement(placement: Placement, sku: Sku): void {
  const { alignment, gpus, nics } = placement
  const subject = `the placement "${describePlacement(placement)}" on SKU ${sku.name}`
  if (placement.memory !== 'host') checkGroup(subject, 'GPUs', gpus, sku.gpus)
  checkGroup(subject, 'NICs', nics, sku.nics)
  const nearest = nearestNicNode(gpus.numaNode, sku)
  if (nearest === undefined || alignment === undefined || alignment === alignmentOf(placement, sku)) return
  const wanted = alignment === 'aligned' ? nearest : farthestNicNode(gpus.numaNode, sku)
  throw new ClaimcheckError('EXPECTATION_INVALID', {
    subject,
    problem: `is not ${alignment}`,
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
