/** An assertion bound to its source in a run: an arm, the pods of a claim, or the published devices. */
import { placementName } from '../claim/placement.ts'
import type { LinkComparison } from '../measure/link-comparison.ts'
import type { NodeComparison } from '../measure/node-comparison.ts'
import { RecordingRounds } from '../measure/round-source.ts'
import type { Sku } from '../sku/sku.ts'
import type { Target } from '../targets/target.ts'
import type { PodSet } from '../transfer/pod-set.ts'
import type { Arm } from './arm.ts'
import type {
  ArmAssertionSpec,
  AssertionSpec,
  PodAssertionSpec,
  PublishedAssertionSpec,
} from './assertion-spec.ts'
import {
  evaluateArms,
  evaluatePods,
  evaluateMatchesKernel,
  evaluateMatchesSku,
  type Evaluation,
} from './evaluate.ts'
import { comparisonEvidence, podsEvidence, publishedEvidence, recordedSlices } from './evidence.ts'
import type { Evidence, PublishedEvidence } from './evidence.ts'
import type { LivePublishedDevices, PublishedDevices } from './published-devices.ts'

interface AssertionSource {
  readonly target: Target
  /** The object whose evidence is recorded; assertions with the same owner share the evidence. */
  readonly owner: object
  /** The preferred name of the evidence in the test file's report. */
  readonly name: string
  /** The number of rounds at each look, in order; empty if no rounds are involved. */
  readonly seen: () => readonly number[]
  /** Undefined when nothing was measured. */
  readonly evidence: () => Evidence | undefined
  /** Calls the listener with progress until the returned function is called. */
  readonly listen?: NodeComparison['listen']
}

export interface BoundAssertion {
  readonly spec: AssertionSpec
  readonly source: AssertionSource
  readonly evaluation: Evaluation
}

export type MeasuredArm = Arm<NodeComparison | LinkComparison>

export function bindToArm({ comparison }: MeasuredArm, spec: ArmAssertionSpec): BoundAssertion {
  const rounds = new RecordingRounds(comparison)
  return {
    spec,
    evaluation: evaluateArms(spec, rounds),
    source: {
      target: comparison.target,
      owner: comparison,
      name: comparison.plan.name,
      seen: () => rounds.seen,
      evidence: () => comparisonEvidence(comparison),
      listen: comparison.listen.bind(comparison),
    },
  }
}

export const bindToPods = (set: PodSet, spec: PodAssertionSpec): BoundAssertion => ({
  spec,
  evaluation: evaluatePods(spec, set),
  source: {
    target: set.target,
    owner: set,
    name: `pods ${set.placement.gpus === 'all' ? set.placement.arm : placementName(set.placement)}`,
    seen: () => [],
    evidence: () => podsEvidence(set),
  },
})

export const bindToPublished = (devices: LivePublishedDevices, sku: Sku): BoundAssertion =>
  bind(devices, { kind: 'matches-sku', sku: sku.name }, (published) => evaluateMatchesSku(published, sku))

export const bindToKernels = (devices: LivePublishedDevices): BoundAssertion =>
  bind(devices, { kind: 'matches-kernel' }, evaluateMatchesKernel)

/** Judges exactly the slices that it records, since drivers may publish others a moment later. */
function bind(
  devices: LivePublishedDevices,
  spec: PublishedAssertionSpec,
  evaluate: (published: PublishedDevices) => Evaluation,
): BoundAssertion {
  let evidence: PublishedEvidence | undefined
  const { statement } = evaluate(devices)
  return {
    spec,
    evaluation: {
      statement,
      judge: async () => {
        evidence = await publishedEvidence(devices, spec.kind === 'matches-kernel')
        return evaluate(recordedSlices(evidence, devices.emulated)).judge()
      },
    },
    source: {
      target: devices.target,
      owner: {},
      name: 'published',
      seen: () => [],
      evidence: () => evidence,
    },
  }
}
