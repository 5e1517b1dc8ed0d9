/**
 * The vocabulary of a suite. Takes arms, pods or a rack; gives sentences with verdicts, recorded for the reports.
 * A broken expectation fails the test; one that cannot be judged throws, so that it stays red under `.not` too.
 */
import { expect, type MatcherState, type RunnerTestCase } from 'vitest'
import type { Distance } from '../claim/distance.ts'
import { asClaimcheckError, ClaimcheckError } from '../core/errors.ts'
import { requireSameComparison, type Arm, type ArmReference } from '../expect/arm.ts'
import {
  basisSchema,
  type ArmsAsk,
  type Ask,
  type Basis,
  type PodsAsk,
  type PublishedAsk,
} from '../expect/ask.ts'
import {
  comparisonEvidence,
  podsEvidence,
  publishedEvidence,
  recordedSlices,
  type Evidence,
  type PublishedEvidence,
} from '../expect/evidence.ts'
import { failureText, negated, unjudged, type Expectation } from '../expect/expectation.ts'
import { askArms, askPods, askPublished, type Question } from '../expect/judge.ts'
import type { Outperform, Undercut } from '../expect/judge-figures.ts'
import type { PodSet } from '../expect/pod-set.ts'
import type { PublishedRack } from '../expect/published-rack.ts'
import type { Comparison } from '../measure/comparison.ts'
import { WatchedRounds } from '../measure/round-source.ts'
import type { Sku } from '../sku/sku.ts'
import type { Target } from '../target/target.ts'
import {
  evidenceName,
  recordEvidence,
  recordExpectation,
  recordNodes,
  recordProgress,
} from './case-evidence.ts'

/** Something that can be asked, in a run. */
interface Subject {
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

async function check(
  { isNot = false, task }: Partial<Pick<MatcherState, 'isNot'>> & { task?: Readonly<RunnerTestCase> },
  ask: Ask,
  subject: Subject,
) {
  const { question, target } = subject
  const silence = subject.listen?.((progress) => task && recordProgress(task, progress))
  const record = (expectation: Expectation, part: number): void => {
    if (task) recordExpectation(task, { ...expectation, ...basisOf(part) })
  }
  const basisOf = (part: number): { basis?: Basis } => {
    const basis = basisSchema.safeParse({
      ask,
      part,
      on: task === undefined ? subject.name : evidenceName(task.file, subject),
      seen: subject.seen(),
      not: isNot,
    })
    return basis.success ? { basis: basis.data } : {}
  }
  try {
    if (task) await recordNodes(task.file, target)
    const judged = (await question.judge()).map((expectation) => (isNot ? negated(expectation) : expectation))
    judged.forEach(record)
    const doubtful = judged.find((expectation) => expectation.verdict === 'inconclusive')
    const broken = judged.filter((expectation) => expectation.verdict === 'failed')
    if (broken.length === 0 && doubtful !== undefined) throw inconclusive(doubtful)
    return {
      pass: (broken.length === 0) !== isNot,
      message: () => broken.map(failureText).join('\n'),
      meta: { expectations: judged },
    }
  } catch (error) {
    const known = asClaimcheckError(error, question.statement)
    if (!(error instanceof Inconclusive))
      record(unjudged(question.statement, 'see the suite', known, target.emulation !== undefined), 0)
    throw known
  } finally {
    silence?.()
    const evidence = subject.evidence()
    if (task && evidence !== undefined) recordEvidence(task.file, evidenceName(task.file, subject), evidence)
  }
}

/** Thrown for an expectation that is recorded already. */
class Inconclusive extends ClaimcheckError {}

function inconclusive(expectation: Expectation): Inconclusive {
  return new Inconclusive(expectation.code ?? 'INTERNAL', {
    subject: expectation.statement,
    problem: `cannot be judged:\n${failureText(expectation)}`,
  })
}

function arms({ comparison }: Arm<Comparison>, ask: ArmsAsk): [Ask, Subject] {
  const watched = new WatchedRounds(comparison)
  return [
    ask,
    {
      target: comparison.target,
      source: comparison,
      name: comparison.plan.name,
      question: askArms(ask, watched),
      seen: () => watched.seen,
      evidence: () => comparisonEvidence(comparison),
      listen: (listener) => comparison.listen(listener),
    },
  ]
}

function pods(set: PodSet, ask: PodsAsk): [Ask, Subject] {
  return [
    ask,
    {
      target: set.target,
      source: set,
      name: `pods ${set.placement.arm}`,
      question: askPods(ask, set),
      seen: () => [],
      evidence: () => podsEvidence(set),
    },
  ]
}

function published(rack: PublishedRack, sku: Sku): [Ask, Subject] {
  const ask: PublishedAsk = { kind: 'matches-sku', sku: sku.name }
  let evidence: PublishedEvidence | undefined
  const { statement } = askPublished(ask, rack, sku)
  const judge = async (): Promise<readonly Expectation[]> => {
    evidence = await publishedEvidence(rack)
    return askPublished(ask, recordedSlices(evidence, rack.emulated), sku).judge()
  }
  return [
    ask,
    {
      target: rack.target,
      source: {},
      name: 'published',
      question: { statement, judge },
      seen: () => [],
      evidence: () => evidence,
    },
  ]
}

expect.extend({
  async toOutperform(this: MatcherState, arm: Arm<Comparison>, other: Arm<Comparison>, ask: Outperform) {
    requireSameComparison(arm, other)
    return check(this, ...arms(arm, { kind: 'outperform', arm: arm.name, other: other.name, ...ask }))
  },
  async toUndercut(this: MatcherState, arm: Arm<Comparison>, other: Arm<Comparison>, ask: Undercut) {
    requireSameComparison(arm, other)
    return check(this, ...arms(arm, { kind: 'undercut', arm: arm.name, other: other.name, ...ask }))
  },
  toBeWithin(this: MatcherState, arm: Arm<Comparison>, reference: ArmReference) {
    return check(this, ...arms(arm, { kind: 'within', arm: arm.name, reference }))
  },
  toBeStable(this: MatcherState, arm: Arm<Comparison>, { p99OverP50 }: { readonly p99OverP50: number }) {
    return check(this, ...arms(arm, { kind: 'stable', arm: arm.name, p99OverP50 }))
  },
  toCarryEqualShares(this: MatcherState, arm: Arm<Comparison>) {
    return check(this, ...arms(arm, { kind: 'equal-shares', arm: arm.name }))
  },
  toArriveIntact(this: MatcherState, arm: Arm<Comparison>) {
    return check(this, ...arms(arm, { kind: 'intact', arm: arm.name }))
  },
  toClaimPairsAt(this: MatcherState, set: PodSet, distance: Distance) {
    return check(this, ...pods(set, { kind: 'pairs-at', distance }))
  },
  toMatchSku(this: MatcherState, rack: PublishedRack, sku: Sku) {
    return check(this, ...published(rack, sku))
  },
  toListOnlyClaimedDevices(this: MatcherState, set: PodSet) {
    return check(this, ...pods(set, { kind: 'only-claimed-devices' }))
  },
  toLackUnclaimedDevices(this: MatcherState, set: PodSet) {
    return check(this, ...pods(set, { kind: 'no-unclaimed-devices' }))
  },
  toHaveOnlyClaimedInterfaces(this: MatcherState, set: PodSet) {
    return check(this, ...pods(set, { kind: 'only-claimed-interfaces' }))
  },
})

declare module 'vitest' {
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> {
    /** Passes when the 95 % interval of this arm's figure over the other's lies at or above `by`. */
    toOutperform: (other: T extends Arm ? Arm : never, ask: Outperform) => Promise<void>
    /** Passes when the 95 % interval says that this arm's latency is lower than the other's by at least `by`. */
    toUndercut: (other: T extends Arm ? Arm : never, ask: Undercut) => Promise<void>
    /** Passes when the 95 % intervals of bandwidth and mean latency lie within the reference's bounds. */
    toBeWithin: (reference: T extends Arm ? ArmReference : never) => Promise<void>
    /** Passes when the median over the rounds of p99 / p50 is at most the limit. */
    toBeStable: (limit: T extends Arm ? { readonly p99OverP50: number } : never) => Promise<void>
    /** Passes when each claimed NIC carried its share of the bytes, and interfaces that were not claimed nothing of note. */
    toCarryEqualShares: () => Promise<void>
    /** Passes when the receiver checked every byte and found none changed. */
    toArriveIntact: () => Promise<void>
    /** Passes when every pair of a claimed GPU and a claimed NIC lies at this distance, as `nvidia-smi topo -m` names it. */
    toClaimPairsAt: (distance: T extends PodSet ? Distance : never) => Promise<void>
    /** Passes when every node publishes the devices of the SKU, on its NUMA nodes. */
    toMatchSku: (sku: T extends PublishedRack ? Sku : never) => Promise<void>
    /** Passes when /dev/infiniband of every container lists the claimed NICs' devices, all of them openable, and no other. */
    toListOnlyClaimedDevices: () => Promise<void>
    /** Passes when no container has a character device of a NIC that its pod did not claim. */
    toLackUnclaimedDevices: () => Promise<void>
    /** Passes when every container has lo, eth0 and the claimed interfaces, and no other. */
    toHaveOnlyClaimedInterfaces: () => Promise<void>
  }
}
