/**
 * The sentences of a suite, each once: takes what stands in `expect(...)` and the sentence's own words; gives what is asked,
 * as data, and of whom. Vitest's matchers and the simulation are made from this one table.
 */
import type { Distance } from '../claim/pcie-distance.ts'
import type { Comparison } from '../measure/node-comparison.ts'
import type { LinkComparison } from '../measure/link-comparison.ts'
import { WatchedRounds } from '../measure/round-source.ts'
import type { Sku } from '../sku/sku.ts'
import type { Target } from '../targets/target.ts'
import { requireSameComparison, type Arm, type ArmReference } from './arm.ts'
import type { ArmsAsk, Ask, PodsAsk, PublishedAsk } from './assertion-spec.ts'
import { comparisonEvidence, podsEvidence, publishedEvidence, recordedSlices } from './evidence.ts'
import type { Evidence, PublishedEvidence } from './evidence.ts'
import type { Expectation } from './expectation.ts'
import { askArms, askPods, askPublished, type Question } from './evaluate.ts'
import type { Below, Even, Outperform, Steady, Undercut } from './judge-ratio-and-bounds.ts'
import type { PodSet } from './pod-set.ts'
import type { PublishedRack } from './published-devices.ts'

/** Something that can be asked, in a run. */
export interface Subject {
  readonly target: Target
  /** Whose evidence it is; one name each. */
  readonly source: object
  readonly name: string
  readonly question: Question
  /** How many rounds each look saw. */
  readonly seen: () => readonly number[]
  /** Undefined where nothing was measured. */
  readonly evidence: () => Evidence | undefined
  readonly listen?: Comparison['listen']
}

export interface Sentence {
  readonly ask: Ask
  readonly subject: Subject
}

type MeasuredArm = Arm<Comparison | LinkComparison>

/** A sentence throws EXPECTATION_INVALID where its words make no sense. */
export const vocabulary = {
  toOutperform: (arm: MeasuredArm, other: MeasuredArm, ask: Outperform): Sentence => {
    requireSameComparison(arm, other)
    return arms(arm, { kind: 'outperform', arm: arm.name, other: other.name, ...ask })
  },
  toUndercut: (arm: MeasuredArm, other: MeasuredArm, ask: Undercut): Sentence => {
    requireSameComparison(arm, other)
    return arms(arm, { kind: 'undercut', arm: arm.name, other: other.name, ...ask })
  },
  toBeWithin: (arm: MeasuredArm, reference: ArmReference): Sentence =>
    arms(arm, { kind: 'within', arm: arm.name, reference }),
  toStayBelow: (arm: MeasuredArm, limit: string, ask: Below): Sentence =>
    arms(arm, { kind: 'stays-below', arm: arm.name, limit, ...ask }),
  toBeStable: (arm: MeasuredArm, { p99OverP50 }: { readonly p99OverP50: number }): Sentence =>
    arms(arm, { kind: 'stable', arm: arm.name, p99OverP50 }),
  toBeSteady: (arm: MeasuredArm, { within }: Steady = { within: '5 %' }): Sentence =>
    arms(arm, { kind: 'steady', arm: arm.name, within }),
  toHaveEvenPaths: (arm: MeasuredArm, { within }: Even): Sentence =>
    arms(arm, { kind: 'even-paths', arm: arm.name, within }),
  toCarryEqualShares: (arm: MeasuredArm): Sentence => arms(arm, { kind: 'equal-shares', arm: arm.name }),
  toArriveIntact: (arm: MeasuredArm): Sentence => arms(arm, { kind: 'intact', arm: arm.name }),
  toClaimPairsAt: (set: PodSet, distance: Distance): Sentence => pods(set, { kind: 'pairs-at', distance }),
  toListOnlyClaimedDevices: (set: PodSet): Sentence => pods(set, { kind: 'only-claimed-devices' }),
  toLackUnclaimedDevices: (set: PodSet): Sentence => pods(set, { kind: 'no-unclaimed-devices' }),
  toHaveOnlyClaimedInterfaces: (set: PodSet): Sentence => pods(set, { kind: 'only-claimed-interfaces' }),
  toSeeClaimedGpus: (set: PodSet): Sentence => pods(set, { kind: 'claimed-gpus' }),
  toMatchSku: (rack: PublishedRack, sku: Sku): Sentence => published(rack, sku),
} as const

function arms({ comparison }: MeasuredArm, ask: ArmsAsk): Sentence {
  const watched = new WatchedRounds(comparison)
  const subject = {
    target: comparison.target,
    source: comparison,
    name: comparison.plan.name,
    question: askArms(ask, watched),
    seen: () => watched.seen,
    evidence: () => comparisonEvidence(comparison),
    listen: comparison.listen.bind(comparison),
  }
  return { ask, subject }
}

function pods(set: PodSet, ask: PodsAsk): Sentence {
  const subject = {
    target: set.target,
    source: set,
    name: `pods ${set.placement.arm}`,
    question: askPods(ask, set),
    seen: () => [],
    evidence: () => podsEvidence(set),
  }
  return { ask, subject }
}

function published(rack: PublishedRack, sku: Sku): Sentence {
  const ask: PublishedAsk = { kind: 'matches-sku', sku: sku.name }
  let evidence: PublishedEvidence | undefined
  const { statement } = askPublished(ask, rack, sku)
  const judge = async (): Promise<readonly Expectation[]> => {
    evidence = await publishedEvidence(rack)
    return askPublished(ask, recordedSlices(evidence, rack.emulated), sku).judge()
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
