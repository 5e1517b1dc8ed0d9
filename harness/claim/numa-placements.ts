/** Placements in a suite's words, and those that the shape of a SKU allows. */
import type { NumaArm, Sku } from '../sku/sku.ts'
import { farthestNicNode, nearestNicNode } from './nic-nodes.ts'
import type { DistanceRequirement } from './pcie-distance.ts'
import type { MemoryKind, Placement } from './placement.ts'

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

/** Stands for devices that the shape of a SKU does not have. */
export interface Unavailable {
  /** A sentence: `SKU x has no RDMA NIC`. */
  readonly unavailable: string
}

/** The same GPUs with their nearest NICs and with the farthest that there are. */
export type ComparisonArms = Readonly<Record<NumaArm, Placement>> | Unavailable

export interface NumaComparison {
  /** `4 GPUs of NUMA node 0 over 4 NICs` */
  readonly title: string
  readonly arms: ComparisonArms
  /** Keeps names of comparisons apart: `-numa1`, and nothing for NUMA node 0. */
  readonly suffix: string
}

/**
 * For every NUMA node that has GPUs: all of them, with as many NICs as both arms can have, and as many devices as a claim can.
 * Of the seed example's nodes: 4 GPUs of NUMA node 0 with the 4 NICs of NUMA node 0 and with those of NUMA node 1; and the
 * other way round. Of nodes without GPUs: buffers in the host memory of every NUMA node that has NICs.
 */
export const numaComparisonsOf = (sku: Sku): readonly NumaComparison[] =>
  shapesOf(sku).map((shape) => {
    const { numaNode, nics, near, far } = shape
    return {
      title: `${sourcesOf(shape)}${near === undefined ? '' : ` over ${nicsOf(nics)}`}`,
      suffix: numaNode === 0 ? '' : `-numa${numaNode}`,
      arms:
        near === undefined || far === undefined
          ? { unavailable: whyUnavailable(near, sku) }
          : { aligned: placementOf(shape, 'aligned', near), unaligned: placementOf(shape, 'unaligned', far) },
    }
  })

export interface NumaPlacement {
  /** `4 GPUs of NUMA node 0 and 4 NICs of NUMA node 1` */
  readonly title: string
  readonly placement: Placement | Unavailable
  /** Of every pair of these GPUs and NICs. */
  readonly distance: DistanceRequirement
}

/** Both placements of each comparison, one after the other. A placement that the shape does not have says why. */
export const numaPlacementsOf = (sku: Sku): readonly NumaPlacement[] =>
  shapesOf(sku).flatMap((shape) =>
    (
      [
        { arm: 'aligned', nicNode: shape.near, rank: 'nearest' },
        { arm: 'unaligned', nicNode: shape.far, rank: 'farthest' },
      ] as const
    ).map(({ arm, nicNode, rank }) => ({
      title: `${sourcesOf(shape)} and ${nicNode === undefined ? `the ${rank} NICs` : `${nicsOf(shape.nics)} of NUMA node ${nicNode}`}`,
      placement:
        nicNode === undefined
          ? { unavailable: whyUnavailable(shape.near, sku) }
          : placementOf(shape, arm, nicNode),
      distance: nicNode === shape.numaNode ? 'NODE or nearer' : 'SYS',
    })),
  )

interface Shape {
  /** Of the GPUs, or of the buffers in host memory. */
  readonly numaNode: number
  /** Of a node without GPUs: buffers, one for each NIC. */
  readonly gpus: number
  readonly memory: MemoryKind
  readonly nics: number
  readonly near: number | undefined
  readonly far: number | undefined
}

function shapesOf(sku: Sku): readonly Shape[] {
  const memory = sku.gpus.length === 0 ? 'host' : 'gpu'
  const sources = memory === 'host' ? sku.nics : sku.gpus
  const nodes = [...new Set(sources.map(({ numaNode }) => numaNode))].sort((a, b) => a - b)
  const count = (devices: readonly { readonly numaNode: number }[], node: number | undefined): number =>
    devices.filter(({ numaNode }) => numaNode === node).length
  return nodes.map((numaNode) => {
    const near = sku.nic.rdma ? nearestNicNode(numaNode, sku) : undefined
    const far = sku.nic.rdma ? farthestNicNode(numaNode, sku) : undefined
    const both = Math.min(...[near, far ?? near].map((node) => count(sku.nics, node)))
    const gpus = Math.min(memory === 'host' ? both : count(sku.gpus, numaNode), MAX_DEVICES_PER_CLAIM / 2)
    return { numaNode, gpus, memory, nics: Math.min(both, MAX_DEVICES_PER_CLAIM - gpus), near, far }
  })
}

const placementOf = ({ numaNode, gpus, memory, nics }: Shape, arm: NumaArm, nicNode: number): Placement => ({
  arm,
  ...(memory === 'host' ? { memory } : {}),
  gpus: { count: gpus, numaNode },
  nics: { count: nics, numaNode: nicNode },
})

const sourcesOf = ({ gpus, memory, numaNode }: Shape): string => {
  const what = memory === 'host' ? 'buffer in host memory' : 'GPU'
  const several = memory === 'host' ? 'buffers in host memory' : 'GPUs'
  return `${gpus} ${gpus === 1 ? what : several} of NUMA node ${numaNode}`
}
const nicsOf = (count: number): string => `${count} ${count === 1 ? 'NIC' : 'NICs'}`

const whyUnavailable = (near: number | undefined, { name }: Sku): string =>
  near === undefined
    ? `SKU ${name} has no RDMA NIC`
    : `SKU ${name} has no NICs farther away than those of NUMA node ${near}`
