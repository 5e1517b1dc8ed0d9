/** Placements in a suite's words, and those that the shape of a SKU allows. */
import type { NumaArm, Sku } from '../sku/sku.ts'
import { farthestNicNode, nearestNicNode } from './nic-nodes.ts'
import type { Placement } from './placement.ts'

/** Kubernetes allocates at most this many devices to a claim. */
const MAX_DEVICES_PER_CLAIM = 32

/** "4 GPUs of NUMA node 0 and 4 NICs of NUMA node 1". */
export function gpusWithNics(of: { gpus: number; gpusOn: number; nics: number; nicsOn: number }): Placement {
  return {
    arm: of.gpusOn === of.nicsOn ? 'aligned' : 'unaligned',
    gpus: { count: of.gpus, numaNode: of.gpusOn },
    nics: { count: of.nics, numaNode: of.nicsOn },
  }
}

/** The same GPUs twice, with NICs of one NUMA node and of the other. */
export function sameGpus(of: {
  gpus: number
  gpusOn: number
  nics: number
  alignedOn: number
  unalignedOn: number
}): Record<NumaArm, Placement> {
  const { gpus, gpusOn, nics } = of
  return {
    aligned: gpusWithNics({ gpus, gpusOn, nics, nicsOn: of.alignedOn }),
    unaligned: gpusWithNics({ gpus, gpusOn, nics, nicsOn: of.unalignedOn }),
  }
}

/** The GPUs of one NUMA node with their nearest NICs, and with the farthest that there are. */
export interface NumaPlacements {
  /** Of the GPUs. */
  readonly numaNode: number
  /** `4 GPUs of NUMA node 0 over 4 NICs` */
  readonly title: string
  readonly aligned: Placement | undefined
  readonly unaligned: Placement | undefined
  /** Why an arm is missing; undefined where both are there. */
  readonly unavailable: string | undefined
}

/**
 * For every NUMA node that has GPUs: all of them, with as many NICs as both arms can have, and as many devices as a claim can.
 * Of the seed example's nodes: 4 GPUs of NUMA node 0 with the 4 NICs of NUMA node 0, and of NUMA node 1; and the other way
 * round.
 */
export function numaPlacementsOf(sku: Sku): readonly NumaPlacements[] {
  const nodes = [...new Set(sku.gpus.map(({ numaNode }) => numaNode))].sort((a, b) => a - b)
  return nodes.map((numaNode) => placementsOn(numaNode, sku))
}

function placementsOn(numaNode: number, sku: Sku): NumaPlacements {
  const near = sku.nic.rdma ? nearestNicNode(numaNode, sku) : undefined
  const far = sku.nic.rdma ? farthestNicNode(numaNode, sku) : undefined
  const nicsOf = (node: number | undefined): number => sku.nics.filter((nic) => nic.numaNode === node).length
  const gpus = Math.min(sku.gpus.filter((gpu) => gpu.numaNode === numaNode).length, MAX_DEVICES_PER_CLAIM / 2)
  const nics = Math.min(
    nicsOf(near),
    far === undefined ? Number.POSITIVE_INFINITY : nicsOf(far),
    MAX_DEVICES_PER_CLAIM - gpus,
  )
  const placement = (arm: NumaArm, nicNode: number | undefined): Placement | undefined =>
    nicNode === undefined
      ? undefined
      : { arm, gpus: { count: gpus, numaNode }, nics: { count: nics, numaNode: nicNode } }
  return {
    numaNode,
    title: `${gpus} ${gpus === 1 ? 'GPU' : 'GPUs'} of NUMA node ${numaNode}${near === undefined ? '' : ` over ${nics} ${nics === 1 ? 'NIC' : 'NICs'}`}`,
    aligned: placement('aligned', near),
    unaligned: placement('unaligned', far),
    unavailable: whyUnavailable(near, far, sku),
  }
}

function whyUnavailable(near: number | undefined, far: number | undefined, sku: Sku): string | undefined {
  if (near === undefined) return `SKU ${sku.name} has no RDMA NIC`
  return far === undefined
    ? `SKU ${sku.name} has no NICs farther away than those of NUMA node ${near}`
    : undefined
}
