/**
 * The figures that a SKU states for a measurement, as suites pass them to matchers. Where it states none, an expectation that
 * needs the figure is measured and inconclusive, and all others use the usual limits.
 */
import { formatBytes } from '../core/units.ts'
import { DEFAULT_P99_OVER_P50, DEFAULT_PATH_DEFICIT } from '../measure/default-limits.ts'
import type { NodeArm } from '../measure/arm-plan.ts'
import type { Sku } from '../sku/sku.ts'
import { statedFigureFor, statedSizes, type Measurement } from '../sku/stated-figures.ts'
import type { ArmReference } from './arm.ts'
import { isUnavailable } from '../claim/numa-placements.ts'
import { alignmentOf } from '../claim/placement.ts'
import type { CheckedComparison, CheckedLinks } from './declarations.ts'
import { unmetReferenceRequirement } from './requirements.ts'

/** Stands for a reference that a SKU does not state. */
export interface Unstated {
  /** A sentence: `SKU x states no reference for GPU links`. */
  readonly unstated: string
}

/** `usual`: the SKU states no limit, and the usual one applies. */
export interface StabilityLimit {
  readonly p99OverP50: number
  readonly usual?: true
}

const USUAL_STABILITY: StabilityLimit = { p99OverP50: DEFAULT_P99_OVER_P50, usual: true }

/** By the names of the arms. */
export type NumaReferences<Name extends string = string> = Readonly<Record<Name, ArmReference | Unstated>> & {
  readonly stability: StabilityLimit
}

/** For transfers between nodes. */
export function numaReferencesOf<Name extends string>(
  sku: Sku,
  declaration: CheckedComparison<Name>,
): NumaReferences<Name> {
  const { stability = USUAL_STABILITY } = sku.reference
  const { name: comparison, arms } = declaration
  const of = (name: string, arm: NodeArm): ArmReference | Unstated => {
    const { op = declaration.op, size = declaration.size } = arm
    const role = alignmentOf(arm, sku)
    const asked = { comparison, arm: name, role, op, size, over: 'fabric' } as const
    const stated = statedFigureFor(sku, asked)
    // A figure of any comparison holds for the placement that it was stated for.
    const unmet = stated?.comparison === undefined ? unmetReferenceRequirement(sku, arm, stated) : undefined
    if (unmet !== undefined) return { unstated: unmet }
    return stated === undefined ? { unstated: whyUnstated(sku, asked) } : referenceOf(stated)
  }
  const references = Object.entries<NodeArm>(isUnavailable(arms) ? {} : arms).map(
    ([name, arm]) => [name, of(name, arm)] as const,
  )
  return { ...Object.fromEntries(references), stability } as NumaReferences<Name>
}

export interface LinkReferences extends StabilityLimit {
  readonly write: ArmReference | Unstated
  readonly read: ArmReference | Unstated
  readonly overStaged: number
  readonly evenWithin: string
}

/** For transfers between the GPUs of a node. Without a stated ratio they must only be faster than those through host memory. */
export function linkReferencesOf(sku: Sku, { name: comparison, turn, size }: CheckedLinks): LinkReferences {
  const of = (op: 'WRITE' | 'READ'): ArmReference | Unstated => {
    const over = turn === 0 ? 'GPU memory' : 'GPU links'
    const asked = { comparison, arm: 'linked', role: 'linked', op, size, over } as const
    const stated = statedFigureFor(sku, asked)
    return stated === undefined ? { unstated: whyUnstated(sku, asked) } : referenceOf(stated)
  }
  const limits = turn === 0 ? sku.reference.gpuMemory : sku.reference.gpuLink
  return {
    write: of('WRITE'),
    read: of('READ'),
    overStaged: limits?.overStaged ?? 1,
    evenWithin: limits?.evenWithin ?? DEFAULT_PATH_DEFICIT,
    ...(limits === undefined ? USUAL_STABILITY : { p99OverP50: limits.p99OverP50 }),
  }
}

type Figures = { readonly [Name in keyof ArmReference]: ArmReference[Name] | undefined }

const referenceOf = ({ bandwidth, latency, p50Latency }: Figures): ArmReference => ({
  ...(bandwidth && { bandwidth }),
  ...(latency && { latency }),
  ...(p50Latency && { p50Latency }),
})

function whyUnstated(sku: Sku, asked: Measurement): string {
  const { arm, op, size } = asked
  const sizes = statedSizes(sku, asked)
  const others = sizes.length === 0 ? '' : `; it states one for ${sizes.map(formatBytes).join(', ')}`
  return `SKU ${sku.name} states no reference for ${arm}, ${op} of ${formatBytes(size)}${others}`
}

/** `in`: judges that metric alone. Default: bandwidth and mean latency. */
export interface Within {
  readonly in?: 'p50 latency'
}

/** The figures of a reference that an expectation is about. */
export function askedFigures(
  reference: ArmReference | Unstated,
  { in: metric }: Within,
): ArmReference | Unstated {
  if ('unstated' in reference) return reference
  const { bandwidth, latency, p50Latency } = reference
  const asked = metric === undefined ? referenceOf({ bandwidth, latency }) : referenceOf({ p50Latency })
  return Object.keys(asked).length === 0
    ? { unstated: `the reference states no ${metric ?? 'bandwidth'}` }
    : asked
}
