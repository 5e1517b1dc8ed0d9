/**
 * The sentences of a suite, each once: takes what stands in `expect(...)` and the sentence's own words; gives what is asked,
 * as data, and of whom. Vitest's matchers and the simulation are made from this one table.
 */
import type { DistanceRequirement } from '../claim/pcie-distance.ts'
import type { NodeComparison } from '../measure/node-comparison.ts'
import type { LinkComparison } from '../measure/link-comparison.ts'
import { RecordingRounds } from '../measure/round-source.ts'
import type { Sku } from '../sku/sku.ts'
import type { Target } from '../targets/target.ts'
import { requireSameComparison, type Arm, type ArmReference } from './arm.ts'
import type {
  ArmAssertionSpec,
  AssertionSpec,
  PodAssertionSpec,
  PublishedAssertionSpec,
} from './assertion-spec.ts'
import { comparisonEvidence, podsEvidence, publishedEvidence, recordedSlices } from './evidence.ts'
import type { Evidence, PublishedEvidence } from './evidence.ts'
import type { Expectation } from './expectation.ts'
import { evaluateArms, evaluatePods, evaluatePublished, type Evaluation } from './evaluate.ts'
import type { Below, Even, Outperform, Steady, Undercut } from './judge-ratio-and-bounds.ts'
import type { PodSet } from './pod-set.ts'
import type { LivePublishedDevices } from './published-devices.ts'

/** Something that can be asked, in a run. */
interface AssertionSource {
  readonly target: Target
  /** Whose evidence it is; one name each. */
  readonly source: object
  readonly name: string
  readonly question: Evaluation
  /** How many rounds each look saw. */
  readonly seen: () => readonly number[]
  /** Undefined where nothing was measured. */
  readonly evidence: () => Evidence | undefined
  readonly listen?: NodeComparison['listen']
}

export interface BoundAssertion {
  readonly ask: AssertionSpec
  readonly subject: AssertionSource
}

type MeasuredArm = Arm<NodeComparison | LinkComparison>

/** A sentence throws EXPECTATION_INVALID where its words make no sense. */
export const matcherDefinitions = {
  toOutperform: (arm: MeasuredArm, other: MeasuredArm, ask: Outperform): BoundAssertion => {
    requireSameComparison(arm, other)
    return arms(arm, { kind: 'outperform', arm: arm.name, other: other.name, ...ask })
  },
  toUndercut: (arm: MeasuredArm, other: MeasuredArm, ask: Undercut): BoundAssertion => {
    requireSameComparison(arm, other)
    return arms(arm, { kind: 'undercut', arm: arm.name, other: other.name, ...ask })
  },
  toBeWithin: (arm: MeasuredArm, reference: ArmReference): BoundAssertion =>
    arms(arm, { kind: 'within', arm: arm.name, reference }),
  toStayBelow: (arm: MeasuredArm, limit: string, ask: Below): BoundAssertion =>
    arms(arm, { kind: 'stays-below', arm: arm.name, limit, ...ask }),
  toBeStable: (arm: MeasuredArm, { p99OverP50 }: { readonly p99OverP50: number }): BoundAssertion =>
    arms(arm, { kind: 'stable', arm: arm.name, p99OverP50 }),
  toBeSteady: (arm: MeasuredArm, { within }: Steady = { within: '5 %' }): BoundAssertion =>
    arms(arm, { kind: 'steady', arm: arm.name, within }),
  toHaveEvenPaths: (arm: MeasuredArm, { within }: Even): BoundAssertion =>
    arms(arm, { kind: 'even-paths', arm: arm.name, within }),
  toCarryEqualShares: (arm: MeasuredArm): BoundAssertion =>
    arms(arm, { kind: 'equal-shares', arm: arm.name }),
  toArriveIntact: (arm: MeasuredArm): BoundAssertion => arms(arm, { kind: 'intact', arm: arm.name }),
  toClaimPairsAt: (set: PodSet, distance: DistanceRequirement): BoundAssertion =>
    pods(set, { kind: 'pairs-at', distance }),
  toListOnlyClaimedDevices: (set: PodSet): BoundAssertion => pods(set, { kind: 'only-claimed-devices' }),
  toLackUnclaimedDevices: (set: PodSet): BoundAssertion => pods(set, { kind: 'no-unclaimed-devices' }),
  toHaveOnlyClaimedInterfaces: (set: PodSet): BoundAssertion =>
    pods(set, { kind: 'only-claimed-interfaces' }),
  toSeeClaimedGpus: (set: PodSet): BoundAssertion => pods(set, { kind: 'claimed-gpus' }),
  toMatchSku: (rack: LivePublishedDevices, sku: Sku): BoundAssertion => published(rack, sku),
} as const

function arms({ comparison }: MeasuredArm, ask: ArmAssertionSpec): BoundAssertion {
  const watched = new RecordingRounds(comparison)
  const subject = {
    target: comparison.target,
    source: comparison,
    name: comparison.plan.name,
    question: evaluateArms(ask, watched),
    seen: () => watched.seen,
    evidence: () => comparisonEvidence(comparison),
    listen: comparison.listen.bind(comparison),
  }
  return { ask, subject }
}

function pods(set: PodSet, ask: PodAssertionSpec): BoundAssertion {
  const subject = {
    target: set.target,
    source: set,
    name: `pods ${set.placement.arm}`,
    question: evaluatePods(ask, set),
    seen: () => [],
    evidence: () => podsEvidence(set),
  }
  return { ask, subject }
}

function published(rack: LivePublishedDevices, sku: Sku): BoundAssertion {
  const ask: PublishedAssertionSpec = { kind: 'matches-sku', sku: sku.name }
  let evidence: PublishedEvidence | undefined
  const { statement } = evaluatePublished(ask, rack, sku)
  const judge = async (): Promise<readonly Expectation[]> => {
    evidence = await publishedEvidence(rack)
    return evaluatePublished(ask, recordedSlices(evidence, rack.emulated), sku).judge()
  }
  const subject = {
    target: rack.target,
    source: {},
    name: 'published',
    question: { statement, judge },
    seen: () => [],
    evidence: () => evidence,
  }
  return { ask, subject }
}
