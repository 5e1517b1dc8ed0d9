/** What a suite declares besides its sentences: arms to compare and pods to look into. Takes a declaration; gives its Comparison. */
import type { GpuPlacement, Placement } from '../claim/placement.ts'
import type { Bytes } from '../core/units.ts'
import { NodeComparison, type ComparisonContext } from '../measure/node-comparison.ts'
import { LinkComparison } from '../measure/link-comparison.ts'
import type { NumaArm } from '../sku/sku.ts'

export interface ComparisonDeclaration {
  /** Names pods and claims: lower case, digits and "-". */
  readonly name: string
  readonly arms: Readonly<Record<NumaArm, Placement>>
  readonly op: 'WRITE' | 'READ'
  /** Over all GPUs of one node. */
  readonly size: Bytes
  readonly iters?: number
  readonly warmupIters?: number
  /** A runtime of the emulated rack in which this takes longer than it tells; its tests are skipped there, with that reason. */
  readonly tooLongFor?: 'process'
}

export interface PodDeclaration {
  readonly placement: Placement | GpuPlacement
  readonly containers: readonly string[]
}

/** Transfers between the GPUs of one node, all pairs of a turn at once. */
export interface GpuLinkDeclaration {
  readonly name: string
  /** 0: each GPU with itself; from 1 on other pairs each time, until every two GPUs have met. */
  readonly turn: number
  readonly op: 'WRITE' | 'READ'
  /** Of each pair. */
  readonly size: Bytes
  readonly iters?: number
  readonly warmupIters?: number
  /** Beside the GPUs' links also the way through host memory. */
  readonly beside?: 'staged'
}

/** With the seed example's 100 iterations after 20, unless the declaration says otherwise. */
export function createComparison(
  spec: ComparisonDeclaration,
  firstRounds: number,
  context: ComparisonContext,
): NodeComparison {
  const { iters = 100, warmupIters = 20 } = spec
  return new NodeComparison({ ...spec, iters, warmupIters, firstRounds }, context)
}

export function createLinkComparison(
  spec: GpuLinkDeclaration,
  firstRounds: number,
  context: ComparisonContext,
): LinkComparison {
  const { name, turn, op, size, iters = 100, warmupIters = 20, beside } = spec
  const arms = beside === undefined ? (['linked'] as const) : (['linked', beside] as const)
  const gpus = context.sku.gpus.length
  return new LinkComparison({ name, turn, gpus, arms, op, size, iters, warmupIters, firstRounds }, context)
}
