/** What a suite declares besides its sentences: arms to compare and pods to look into. Takes a declaration; gives its Comparison. */
import type { Placement } from '../claim/placement.ts'
import type { Bytes } from '../core/units.ts'
import { Comparison, type ComparisonContext } from '../measure/comparison.ts'
import type { ArmName } from '../sku/sku.ts'

export interface ArmsSpec {
  /** Names pods and claims: lower case, digits and "-". */
  readonly name: string
  readonly arms: Readonly<Record<ArmName, Placement>>
  readonly op: 'WRITE' | 'READ'
  /** Over all GPUs of one node. */
  readonly size: Bytes
  readonly iters?: number
  readonly warmupIters?: number
  /** A runtime of the emulated rack in which this takes longer than it tells; its tests are skipped there, with that reason. */
  readonly tooLongFor?: 'process'
}

export interface PodsSpec {
  readonly placement: Placement
  readonly containers: readonly string[]
}

/** With the seed example's 100 iterations after 20, unless the declaration says otherwise. */
export function comparisonOf(spec: ArmsSpec, firstRounds: number, context: ComparisonContext): Comparison {
  const { iters = 100, warmupIters = 20 } = spec
  return new Comparison({ ...spec, iters, warmupIters, firstRounds }, context)
}
