/** The declarations of a suite besides its expectations: arms to compare and pods to inspect. */
import type { GpuPlacement, MemoryKind, Placement } from '../claim/placement.ts'
import type { ComparisonArms, Unavailable } from '../claim/numa-placements.ts'
import { ClaimcheckError } from '../core/errors.ts'
import type { Bytes } from '../core/units.ts'
import { Comparison } from '../measure/comparison.ts'
import { NodeComparison, type ComparisonContext } from '../measure/node-comparison.ts'
import { LinkComparison } from '../measure/link-comparison.ts'
import { pairsOfNodes } from '../measure/node-pairs.ts'
import { PodSet } from '../transfer/pod-set.ts'

export interface ComparisonDeclaration {
  /** Names pods and claims: lower-case letters, digits and "-". */
  readonly name: string
  readonly arms: ComparisonArms
  /**
   * `host`: the buffers are in host memory of the GPUs' NUMA node and no GPU is claimed, so that nodes without usable GPUs can
   * be measured too. Default: `gpu`.
   */
  readonly memory?: MemoryKind
  readonly op: 'WRITE' | 'READ'
  /** The size over all GPUs of one node. */
  readonly size: Bytes
  readonly iters?: number
  readonly warmupIters?: number
  /** A runtime of the emulated rack that is too slow for this comparison; its tests are skipped there, with that reason. */
  readonly tooLongFor?: 'process'
}

export interface PodDeclaration {
  readonly placement: Placement | GpuPlacement | Unavailable
  readonly containers: readonly string[]
}

/** Transfers between the GPUs of one node, between all pairs of a turn at once. */
export interface GpuLinkDeclaration {
  readonly name: string
  /** 0: each GPU with itself; from 1 on, other pairs in each turn, until every two GPUs have been paired. */
  readonly turn: number
  readonly op: 'WRITE' | 'READ'
  /** The size of the transfer between each pair. */
  readonly size: Bytes
  readonly iters?: number
  readonly warmupIters?: number
  /** Adds an arm that transfers through host memory. */
  readonly beside?: 'staged'
}

/** The declaration with its memory stated in the placements. */
export function withMemory(spec: ComparisonDeclaration): ComparisonDeclaration {
  if (spec.memory !== 'host' || 'unavailable' in spec.arms) return spec
  const { aligned, unaligned } = spec.arms
  const memory = 'host'
  return { ...spec, arms: { aligned: { ...aligned, memory }, unaligned: { ...unaligned, memory } } }
}

/**
 * On each pair of nodes. Defaults: 100 iterations after 20 of warm-up, as in DRANET's NIXL example. Throws EXPECTATION_INVALID
 * for arms that the SKU does not have.
 */
export function createComparison(
  spec: ComparisonDeclaration,
  firstRounds: number,
  context: ComparisonContext,
): Comparison {
  const { name, arms, op, size, iters = 100, warmupIters = 20 } = spec
  if ('unavailable' in arms) throw unavailable(`comparison ${name}`, arms)
  const plan = { name, arms, op, size, iters, warmupIters, firstRounds }
  return new Comparison(name, context.target, (nodes) => {
    if (nodes.length <= 2) return [new NodeComparison(plan, context)]
    return pairsOfNodes(nodes).map(
      (pair, index) => new NodeComparison({ ...plan, name: `${name}-${index + 1}`, nodes: pair }, context),
    )
  })
}

/** Throws EXPECTATION_INVALID for a placement that the SKU does not have. */
export function createPodSet(
  { placement, containers }: PodDeclaration,
  context: Omit<ConstructorParameters<typeof PodSet>[0], keyof PodDeclaration>,
): PodSet {
  if ('unavailable' in placement) throw unavailable('a claim', placement)
  return new PodSet({ ...context, placement, containers })
}

const unavailable = (subject: string, { unavailable: problem }: Unavailable): ClaimcheckError =>
  new ClaimcheckError('EXPECTATION_INVALID', { subject, problem: `cannot be made: ${problem}` })

/** On each node. */
export function createLinkComparison(
  spec: GpuLinkDeclaration,
  firstRounds: number,
  context: ComparisonContext,
): Comparison {
  const { name, turn, op, size, iters = 100, warmupIters = 20, beside } = spec
  const arms = beside === undefined ? (['linked'] as const) : (['linked', beside] as const)
  const gpus = context.sku.gpus.length
  const plan = { name, turn, gpus, arms, op, size, iters, warmupIters, firstRounds }
  return new Comparison(name, context.target, (nodes) => {
    if (nodes.length <= 1) return [new LinkComparison(plan, context)]
    return nodes.map(
      (node, index) => new LinkComparison({ ...plan, name: `${name}-${index + 1}`, node }, context),
    )
  })
}
