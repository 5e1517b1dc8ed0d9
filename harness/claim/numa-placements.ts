/** Placements in a suite's words, and those that the shape of a SKU allows. */
import { bytes, type Bytes } from '../core/units.ts'
import type { Alignment, Sku } from '../sku/sku.ts'
import { farthestNicNode, nearestNicNode } from './nic-nodes.ts'
import type { DistanceRequirement } from './pcie-distance.ts'
import { describePlacement, type MemoryKind, type Placement } from './placement.ts'

/** Kubernetes allocates at most this many devices to a claim. */
const MAX_DEVICES_PER_CLAIM = 32

/** "4 GPUs of NUMA node 0 and 4 NICs of NUMA node 1". */
export function gpusWithNics(of: { gpus: number; gpusOn: number; nics: number; nicsOn: number }): Placement {
  return {
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
}): Record<Alignment, Placement> {
  const { gpus, gpusOn, nics } = of
  return {
    aligned: { alignment: 'aligned', ...gpusWithNics({ gpus, gpusOn, nics, nicsOn: of.alignedOn }) },
    unaligned: { alignment: 'unaligned', ...gpusWithNics({ gpus, gpusOn, nics, nicsOn: of.unalignedOn }) },
  }
}

/** Stands for devices that the shape of a SKU does not have. */
export interface Unavailable {
  /** A sentence: `SKU x has no RDMA NIC`. */
  readonly unavailable: string
}

/** False for arms, whatever their names. */
export const isUnavailable = (found: object): found is Unavailable =>
  'unavailable' in found && typeof found.unavailable === 'string'

/**
 * Arms with the same devices that differ in how bytes move, by name. None where the SKU does not have the devices.
 *
 * @example
 * variantsOf(placement, { write: { op: 'WRITE' }, read: { op: 'READ' } })
 */
export const variantsOf = <Options extends object, const Name extends string>(
  placement: Placement | Unavailable,
  variants: Readonly<Record<Name, Options>>,
): Readonly<Record<Name, Placement & Options>> | Unavailable =>
  'unavailable' in placement
    ? placement
    : (Object.fromEntries(
        Object.entries<Options>(variants).map(([name, options]) => [name, { ...placement, ...options }]),
      ) as Record<Name, Placement & Options>)

export interface NumaComparison {
  /** `4 GPUs of NUMA node 0 over 4 NICs` */
  readonly title: string
  /** The same GPUs with their nearest NICs and with the farthest that there are. */
  readonly arms: Readonly<Record<Alignment, Placement>> | Unavailable
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
    const { nics, near, far } = shape
    return {
      title: `${sourcesOf(shape)}${near === undefined ? '' : ` over ${nicsOf(nics)}`}`,
      suffix: suffixOf(shape),
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
        { alignment: 'aligned', nicNode: shape.near, rank: 'nearest' },
        { alignment: 'unaligned', nicNode: shape.far, rank: 'farthest' },
      ] as const
    ).map(({ alignment, nicNode, rank }) => ({
      title: `${sourcesOf(shape)} and ${nicNode === undefined ? `the ${rank} NICs` : `${nicsOf(shape.nics)} of NUMA node ${nicNode}`}`,
      placement:
        nicNode === undefined
          ? { unavailable: whyUnavailable(shape.near, sku) }
          : placementOf(shape, alignment, nicNode),
      distance: nicNode === shape.numaNode ? 'NODE or nearer' : 'SYS',
    })),
  )

export interface NearestPlacement {
  /** `4 GPUs of NUMA node 0 and 4 NICs of NUMA node 0` */
  readonly title: string
  readonly placement: Placement | Unavailable
  /** Keeps names of comparisons apart, as that of `NumaComparison`. */
  readonly suffix: string
}

/** For every NUMA node that has GPUs: all of them with all of their nearest NICs. */
export const nearestPlacementsOf = (sku: Sku): readonly NearestPlacement[] =>
  shapesOf(sku).map((shape) => {
    const placement = nearestOf(shape, sku)
    return {
      title: isUnavailable(placement) ? sourcesOf(shape) : describePlacement(placement),
      placement,
      suffix: suffixOf(shape),
    }
  })

export interface NumaScaling {
  /** `4 NICs of NUMA node 0` */
  readonly title: string
  /** The same bytes for each NIC. `one`: one of them. */
  readonly arms: Readonly<Record<'all' | 'one', Placement & { readonly size: Bytes }>> | Unavailable
  /** How many NICs `all` has for each of `one`. */
  readonly times: number
  readonly suffix: string
}

/**
 * For every NUMA node that has GPUs: as many of its GPUs and nearest NICs as divide evenly, and one NIC with its share of the
 * GPUs. `bytesOfNic`: what each NIC transfers.
 */
export const numaScalingsOf = (sku: Sku, bytesOfNic: Bytes): readonly NumaScaling[] =>
  shapesOf(sku).map((shape) => {
    const whole = nearestOf(shape, sku)
    const suffix = suffixOf(shape)
    if (isUnavailable(whole)) return { title: sourcesOf(shape), arms: whole, times: 1, suffix }
    const times = Math.min(whole.gpus.count, whole.nics.count)
    const gpusOfOne = Math.floor(whole.gpus.count / times)
    const nicsOfOne = Math.floor(whole.nics.count / times)
    const title = `${nicsOf(nicsOfOne * times)} of NUMA node ${whole.nics.numaNode}`
    const arm = (share: number): Placement & { readonly size: Bytes } => ({
      ...whole,
      gpus: { ...whole.gpus, count: gpusOfOne * share },
      nics: { ...whole.nics, count: nicsOfOne * share },
      size: bytes(bytesOfNic * nicsOfOne * share),
    })
    const arms =
      times < 2
        ? {
            unavailable: `SKU ${sku.name} has no two NICs nearest to NUMA node ${shape.numaNode}`,
          }
        : { all: arm(times), one: arm(1) }
    return { title, arms, times, suffix }
  })

function nearestOf(shape: Shape, sku: Sku): Placement | Unavailable {
  const { near, memory, gpus: fewest } = shape
  if (near === undefined) return { unavailable: whyUnavailable(near, sku) }
  const own = sku.nics.filter(({ numaNode }) => numaNode === near).length
  const gpus = memory === 'host' ? Math.min(own, MAX_DEVICES_PER_CLAIM / 2) : fewest
  return placementOf({ ...shape, gpus, nics: Math.min(own, MAX_DEVICES_PER_CLAIM - gpus) }, 'aligned', near)
}

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

const placementOf = (
  { numaNode, gpus, memory, nics }: Shape,
  alignment: Alignment,
  nicNode: number,
): Placement => ({
  alignment,
  ...(memory === 'host' ? { memory } : {}),
  gpus: { count: gpus, numaNode },
  nics: { count: nics, numaNode: nicNode },
})

const suffixOf = ({ numaNode }: Shape): string => (numaNode === 0 ? '' : `-numa${numaNode}`)

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
