/**
 * The figures that a SKU states for a measurement, as suites pass them to matchers. Where it states none, an expectation that
 * needs the figure is measured and inconclusive, and all others use the usual limits.
 */
import { DEFAULT_P99_OVER_P50, DEFAULT_PATH_DEFICIT } from '../measure/default-limits.ts'
import type { Sku } from '../sku/sku.ts'
import type { ArmReference } from './arm.ts'
import type { ComparisonDeclaration, GpuLinkDeclaration } from './declarations.ts'
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

export interface NumaReferences {
  readonly aligned: ArmReference | Unstated
  readonly unaligned: ArmReference | Unstated
  readonly stability: StabilityLimit
}

/** For transfers between nodes. */
export function numaReferencesOf(sku: Sku, declaration: ComparisonDeclaration): NumaReferences {
  const unmet = unmetReferenceRequirement(sku, declaration)
  const { aligned, unaligned, stability = USUAL_STABILITY } = sku.reference
  const stated = (reference: ArmReference | undefined): ArmReference | Unstated =>
    unmet === undefined && reference !== undefined
      ? reference
      : { unstated: unmet ?? `SKU ${sku.name} states no reference for it` }
  return { aligned: stated(aligned), unaligned: stated(unaligned), stability }
}

export interface LinkReferences extends StabilityLimit {
  readonly write: ArmReference | Unstated
  readonly read: ArmReference | Unstated
  readonly overStaged: number
  readonly evenWithin: string
}

/** For transfers between the GPUs of a node. Without a stated ratio they must only be faster than those through host memory. */
export function linkReferencesOf(sku: Sku, { turn }: GpuLinkDeclaration): LinkReferences {
  const stated = turn === 0 ? sku.reference.gpuMemory : sku.reference.gpuLink
  if (stated !== undefined) return stated
  const unstated = `SKU ${sku.name} states no reference for ${turn === 0 ? "its GPUs' memory" : 'GPU links'}`
  return {
    write: { unstated },
    read: { unstated },
    overStaged: 1,
    evenWithin: DEFAULT_PATH_DEFICIT,
    ...USUAL_STABILITY,
  }
}
