/** The declarations of a suite besides its expectations: arms to compare and pods to inspect. */
import type { GpuPlacement, MemoryKind, Placement } from '../claim/placement.ts'
import { isUnavailable, type Unavailable } from '../claim/numa-placements.ts'
import { ClaimcheckError } from '../core/errors.ts'
import type { Bytes } from '../core/units.ts'
import type { LinkArm, NodeArm } from '../measure/arm-plan.ts'
import { Comparison } from '../measure/comparison.ts'
import { NodeComparison, type ComparisonContext } from '../measure/node-comparison.ts'
import { LinkComparison } from '../measure/link-comparison.ts'
import { pairsOfNodes } from '../measure/node-pairs.ts'
import { PodSet } from '../transfer/pod-set.ts'
import { checkedComparison, checkedLinks } from './declaration-schema.ts'

/** What holds for every arm that does not state it itself. */
interface CommonOptions {
  /** Names pods and claims: letters, digits, ".", "-" and spaces. */
  readonly name: string
  /** Required unless every arm states it. */
  readonly op?: 'WRITE' | 'READ'
  /** Required unless every arm states it. */
  readonly size?: Bytes
  readonly iters?: number
  readonly warmupIters?: number
}

/** Transfers between two nodes. `Name`: the names of the arms. */
export interface ComparisonDeclaration<Name extends string = string> extends CommonOptions {
  /** Two or more. `size` is that over all GPUs of one node. */
  readonly arms: Readonly<Record<Name, NodeArm>> | Unavailable
  /**
   * `host`: the buffers are in host memory of the GPUs' NUMA node and no GPU is claimed, so that nodes without usable GPUs can
   * be measured too. Default: `gpu`.
   */
  readonly memory?: MemoryKind
  readonly transports?: string
  /** A runtime of the emulated rack that is too slow for this comparison; its tests are skipped there, with that reason. */
  readonly tooLongFor?: 'process'
}

export interface PodDeclaration {
  readonly placement: Placement | GpuPlacement | Unavailable
  readonly containers: readonly string[]
}

/** Transfers between the GPUs of one node, between all pairs of a turn at once. */
export interface GpuLinkDeclaration<Name extends string = string> extends CommonOptions {
  /** 0: each GPU with itself; from 1 on, other pairs in each turn, until every two GPUs have been paired. */
  readonly turn: number
  /** One or more. `size` is that of the transfer between each pair. */
  readonly arms: Readonly<Record<Name, LinkArm>>
}

/** A declaration whose options are valid. Each arm states where its buffers are. */
export interface CheckedComparison<Name extends string = string> extends Omit<
  ComparisonDeclaration<Name>,
  'memory' | 'transports'
> {
  readonly op: 'WRITE' | 'READ'
  readonly size: Bytes
  readonly iters: number
  readonly warmupIters: number
}

/**
 * Defaults: 100 iterations after 20 of warm-up, as in DRANET's NIXL example. Throws EXPECTATION_INVALID that names the comparison
 * and every wrong option.
 */
export const checkComparison = <Name extends string>(
  declaration: ComparisonDeclaration<Name>,
): CheckedComparison<Name> => checkedComparison(declaration) as CheckedComparison<Name>

export interface CheckedLinks<Name extends string = string> extends GpuLinkDeclaration<Name> {
  readonly op: 'WRITE' | 'READ'
  readonly size: Bytes
  readonly iters: number
  readonly warmupIters: number
}

/** As `checkComparison`. */
export const checkLinks = <Name extends string>(declaration: GpuLinkDeclaration<Name>): CheckedLinks<Name> =>
  checkedLinks(declaration) as CheckedLinks<Name>

/** On each pair of nodes. Throws EXPECTATION_INVALID for arms that the SKU does not have. */
export function createComparison(
  { arms, ...spec }: CheckedComparison,
  firstRounds: number,
  context: ComparisonContext,
): Comparison {
  if (isUnavailable(arms)) throw unavailable(`comparison ${spec.name}`, arms)
  const { name, op, size, iters, warmupIters } = spec
  const plan = { name, arms, op, size, iters, warmupIters, firstRounds }
  return new Comparison(plan.name, context.target, (nodes) => {
    if (nodes.length <= 2) return [new NodeComparison(plan, context)]
    return pairsOfNodes(nodes).map(
      (pair, index) =>
        new NodeComparison({ ...plan, name: `${plan.name}-${index + 1}`, nodes: pair }, context),
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
  spec: CheckedLinks,
  firstRounds: number,
  context: ComparisonContext,
): Comparison {
  const plan = { ...spec, gpus: context.sku.gpus.length, firstRounds }
  return new Comparison(plan.name, context.target, (nodes) => {
    if (nodes.length <= 1) return [new LinkComparison(plan, context)]
    return nodes.map(
      (node, index) => new LinkComparison({ ...plan, name: `${plan.name}-${index + 1}`, node }, context),
    )
  })
}
