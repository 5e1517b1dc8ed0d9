/** The arms of a comparison, as a suite passes them to `expect` and as they are judged, and the metrics that can be compared. */
import { isUnavailable, type Unavailable } from '../claim/numa-placements.ts'
import type { Reference } from '../sku/reference.ts'
import { ClaimcheckError } from '../core/errors.ts'
import type { Bytes, GBps, Seconds } from '../core/units.ts'
import type { ArmRound } from '../measure/arm-round.ts'
import { armOf, type Round } from '../measure/round.ts'
import type { Comparison } from '../measure/comparison.ts'
import type { RoundSource } from '../measure/round-source.ts'

/** What a statement says of an arm. */
export interface ArmNamed {
  readonly name: string
}

/** An arm as a suite declares it, on all nodes under test. */
export interface DeclaredArm extends ArmNamed {
  readonly comparison: Comparison
}

/** By name. Arms that the SKU does not have are none: their tests are skipped. */
export const declaredArms = <Name extends string>(
  comparison: Comparison,
  arms: Readonly<Record<Name, object>> | Unavailable,
): Readonly<Record<Name, DeclaredArm>> =>
  Object.fromEntries(
    Object.keys(isUnavailable(arms) ? {} : arms).map((name) => [name, { comparison, name }]),
  ) as Record<Name, DeclaredArm>

/** An arm of one part of a comparison. Its figures are measured when an expectation needs them. */
export class Arm<Source extends RoundSource = RoundSource> {
  readonly comparison: Source
  readonly name: string

  constructor(comparison: Source, name: string) {
    this.comparison = comparison
    this.name = name
  }

  of(rounds: readonly Round[]): readonly ArmRound[] {
    return rounds.map(({ arms }) => armOf(arms, this.name))
  }

  get emulated(): boolean {
    return this.comparison.emulated
  }

  /** Of one of its transfers, unscaled. */
  get size(): Bytes {
    return this.comparison.planned(this.name).size
  }

  /** For an expectation about this arm. */
  get memoryNote(): { readonly memory?: 'host' } {
    return this.comparison.planned(this.name).memory === 'host' ? { memory: 'host' } : {}
  }
}

export const METRICS = {
  bandwidth: { of: (round: ArmRound): number => round.bandwidth, unit: 'GB/s', label: 'bandwidth' },
  'mean latency': { of: (round: ArmRound): number => round.latency.mean, unit: 's', label: 'mean latency' },
  'p50 latency': { of: (round: ArmRound): number => round.latency.p50, unit: 's', label: 'p50 latency' },
} as const

export type Metric = keyof typeof METRICS

/** The figures that an arm is held against. Only those that are present are judged. */
export interface ArmReference {
  readonly bandwidth?: Reference<GBps>
  /** The mean. */
  readonly latency?: Reference<Seconds>
  readonly p50Latency?: Reference<Seconds>
}

/** Throws EXPECTATION_INVALID unless both arms were measured in the same rounds. */
export function requireSameComparison<Of>(
  one: ArmNamed & { readonly comparison: Of },
  other: ArmNamed & { readonly comparison: Of },
): void {
  if (one.comparison === other.comparison && one.name !== other.name) return
  throw new ClaimcheckError('EXPECTATION_INVALID', {
    subject: `${one.name} against ${other.name}`,
    problem: 'cannot be compared',
    expected: 'two different arms of one comparison, measured in the same rounds',
    found: one.comparison === other.comparison ? 'the same arm twice' : 'arms of two comparisons',
  })
}
