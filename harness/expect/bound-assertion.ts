/** An assertion bound to what it is judged on in a run: an arm, the pods of a claim, or the published devices. */
import { placementName } from '../claim/placement.ts'
import type { Comparison, ComparisonPart } from '../measure/comparison.ts'
import { RecordingRounds } from '../measure/round-source.ts'
import type { Sku } from '../sku/sku.ts'
import type { Target } from '../targets/target.ts'
import type { PodSet } from '../transfer/pod-set.ts'
import type { DeclaredArm } from './arm.ts'
import type {
  ArmAssertionSpec,
  AssertionSpec,
  PodAssertionSpec,
  PublishedAssertionSpec,
} from './assertion-spec.ts'
import {
  armStatement,
  evaluateArms,
  evaluatePods,
  evaluateMatchesKernel,
  evaluateMatchesSku,
  type Evaluation,
} from './evaluate.ts'
import { comparisonEvidence, podsEvidence, publishedEvidence, recordedSlices } from './evidence.ts'
import type { Evidence, PublishedEvidence } from './evidence.ts'
import type { LivePublishedDevices, PublishedDevices } from './published-devices.ts'

/** What is judged on evidence of its own: a pair of nodes, a node, the pods of a claim, or the published devices. */
export interface AssertionPart {
  /** The object whose evidence is recorded; parts with the same owner share the evidence. */
  readonly owner: object
  /** The preferred name of the evidence in the test file's report. */
  readonly name: string
  /** The number of rounds at each look, in order; empty if no rounds are involved. */
  readonly seen: () => readonly number[]
  /** Undefined when nothing was measured. */
  readonly evidence: () => Evidence | undefined
  readonly evaluation: Evaluation
}

export interface BoundAssertion {
  readonly spec: AssertionSpec
  readonly target: Target
  /** Known before anything is measured, and without the names of nodes. */
  readonly statement: string
  /** Rejects when the target cannot list its nodes, or has too many. */
  readonly parts: () => Promise<readonly AssertionPart[]>
  /** Calls the listener with progress until the returned function is called. */
  readonly listen?: Comparison['listen']
}

export function bindToArm({ comparison }: DeclaredArm, spec: ArmAssertionSpec): BoundAssertion {
  for (const name of 'other' in spec ? [spec.arm, spec.other] : [spec.arm]) comparison.judged.add(name)
  return {
    spec,
    target: comparison.target,
    statement: armStatement(spec),
    parts: async () => (await comparison.parts()).map((part) => partOf(comparison, part, spec)),
    listen: comparison.listen.bind(comparison),
  }
}

function partOf({ name }: Comparison, part: ComparisonPart, spec: ArmAssertionSpec): AssertionPart {
  const rounds = new RecordingRounds(part)
  return {
    owner: part,
    name: [name, ...(part.nodes ?? [])].join(' '),
    seen: () => rounds.seen,
    evidence: () => comparisonEvidence(part),
    evaluation: evaluateArms(spec, rounds),
  }
}

export function bindToPods(set: PodSet, spec: PodAssertionSpec): BoundAssertion {
  const evaluation = evaluatePods(spec, set)
  const part: AssertionPart = {
    owner: set,
    name: `pods ${set.placement.gpus === 'all' ? 'all GPUs' : placementName(set.placement, set.sku)}`,
    seen: () => [],
    evidence: () => podsEvidence(set),
    evaluation,
  }
  return { spec, target: set.target, statement: evaluation.statement, parts: async () => [part] }
}

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
  const part: AssertionPart = {
    owner: {},
    name: 'published',
    seen: () => [],
    evidence: () => evidence,
    evaluation: {
      statement,
      judge: async () => {
        evidence = await publishedEvidence(devices, spec.kind === 'matches-kernel')
        return evaluate(recordedSlices(evidence, devices.emulated)).judge()
      },
    },
  }
  return { spec, target: devices.target, statement, parts: async () => [part] }
}
