/**
 * The evidence of verdicts as JSON: measured rounds, what pods were allocated and saw, and what drivers publish. Where a
 * measurement ended early, the evidence contains its failure.
 */
import type { AllocatedClaim } from '../claim/allocated-claim.ts'
import type { ResourceSlice } from '../dra/objects.ts'
import { asClaimcheckError, type ErrorCode } from '../core/errors.ts'
import { NodeComparison, iterationsOf, type ComparisonPlan } from '../measure/node-comparison.ts'
import type { ComparisonPart } from '../measure/comparison.ts'
import type { LinkPlan } from '../measure/link-comparison.ts'
import type { ArmRound } from '../measure/arm-round.ts'
import type { Looks } from '../measure/sequential-looks.ts'
import type { Target } from '../targets/target.ts'
import type { PodSet, ContainerObservation } from '../transfer/pod-set.ts'
import type { NodeKernel, PublishedDevices } from './published-devices.ts'

interface Failure {
  readonly code: ErrorCode
  readonly message: string
}

export interface RoundsEvidence {
  readonly kind: 'rounds'
  /** With the number of iterations that were run. */
  readonly plan: ComparisonPlan | LinkPlan
  readonly looks: Looks
  readonly rounds: readonly RecordedRound[]
  readonly failure?: Failure
}

/** Counted from 1, with the measurement of every arm by the arm's name. */
interface RecordedRound {
  readonly round: number
  readonly [arm: string]: ArmRound | number
}

export interface PodsEvidence {
  readonly kind: 'pods'
  /** One claim for each pod. */
  readonly claims?: readonly AllocatedClaim[]
  readonly seen?: readonly Omit<ContainerObservation, 'allocated'>[]
  readonly failure?: Failure
}

export interface PublishedEvidence {
  readonly kind: 'published'
  readonly nodes: readonly string[]
  readonly slices: readonly ResourceSlice[]
  /** Absent where no kernel was asked. */
  readonly kernels?: readonly NodeKernel[]
}

export type Evidence = RoundsEvidence | PodsEvidence | PublishedEvidence

export function comparisonEvidence(comparison: ComparisonPart): RoundsEvidence {
  const { looks, target, rounds, failure } = comparison
  return {
    kind: 'rounds',
    plan: comparison instanceof NodeComparison ? executedPlan(comparison.plan, target) : comparison.plan,
    looks,
    rounds: rounds.map(({ index, arms }) => ({ ...arms, round: index + 1 })),
    ...failureIn(failure),
  }
}

function executedPlan(plan: ComparisonPlan, { emulation }: Target): ComparisonPlan {
  const { name, arms, op, size, firstRounds, nodes } = plan
  return {
    name,
    arms,
    op,
    size,
    firstRounds,
    ...iterationsOf(plan, emulation),
    ...(nodes === undefined ? {} : { nodes }),
  }
}

export function podsEvidence({ observed: { claims, seen, failure } }: PodSet): PodsEvidence {
  return {
    kind: 'pods',
    ...(claims === undefined ? {} : { claims }),
    ...(seen === undefined
      ? {}
      : { seen: seen.map(({ node, container, visible }) => ({ node, container, visible })) }),
    ...failureIn(failure),
  }
}

/** A snapshot of the published devices, and of what the kernels say where that is judged, to be judged and recorded. */
export async function publishedEvidence(
  published: PublishedDevices,
  withKernels: boolean,
): Promise<PublishedEvidence> {
  const [nodes, slices] = await Promise.all([published.nodes(), published.slices()])
  const evidence = { kind: 'published', nodes, slices } as const
  return withKernels ? { ...evidence, kernels: await published.kernels() } : evidence
}

export const recordedSlices = (
  { nodes, slices, kernels = [] }: PublishedEvidence,
  emulated: boolean,
): PublishedDevices => ({
  emulated,
  nodes: () => Promise.resolve(nodes),
  slices: () => Promise.resolve(slices),
  kernels: () => Promise.resolve(nodes.map((node) => kernels.find((one) => one.node === node) ?? { node })),
})

function failureIn(error: unknown): { failure?: Failure } {
  if (error === undefined) return {}
  const { code, message } = asClaimcheckError(error)
  return { failure: { code, message } }
}
