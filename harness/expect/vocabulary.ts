/**
 * The sentences of a suite, each once: takes what stands in `expect(...)` and the sentence's own words; gives what to ask.
 * Vitest's matchers and the simulation are made from this one table.
 */
import type { Distance } from '../claim/distance.ts'
import type { Sku } from '../sku/sku.ts'
import type { Target } from '../target/target.ts'
import type { Arm, ArmReference } from './arm.ts'
import type { Expectation } from './expectation.ts'
import * as figures from './judge-figures.ts'
import * as paths from './judge-paths.ts'
import * as pods from './judge-pods.ts'
import * as topology from './judge-topology.ts'
import * as transport from './judge-transport.ts'
import type { PodSet } from './pod-set.ts'
import type { PublishedRack } from './published-rack.ts'

export interface Ask {
  readonly statement: string
  readonly target: Target
  /** Every expectation that the sentence holds. */
  readonly judge: () => Promise<readonly Expectation[]>
  /** The arm whose rounds it looks at, for progress and evidence. */
  readonly arm?: Arm
}

export const vocabulary = {
  toOutperform: (arm: Arm, other: Arm, ask: figures.Outperform): Ask =>
    ofArm(arm, figures.outperformStatement(arm, other, ask), () => figures.judgeOutperform(arm, other, ask)),
  toUndercut: (arm: Arm, other: Arm, ask: figures.Undercut): Ask =>
    ofArm(arm, figures.undercutStatement(arm, other, ask), () => figures.judgeUndercut(arm, other, ask)),
  toBeWithin: (arm: Arm, reference: ArmReference): Ask =>
    ofArm(arm, figures.withinStatement(arm, 'bandwidth'), () => figures.judgeWithin(arm, reference)),
  toStayBelow: (arm: Arm, limit: string, ask: figures.Below): Ask =>
    ofArm(arm, figures.belowStatement(arm, limit, ask), () => figures.judgeBelow(arm, limit, ask)),
  toBeStable: (arm: Arm, limit: { readonly p99OverP50: number }): Ask =>
    ofArm(arm, figures.stableStatement(arm), () => figures.judgeStable(arm, limit)),
  toBeSteady: (arm: Arm, ask?: figures.Steady): Ask =>
    ofArm(arm, figures.steadyStatement(arm, ask), () => figures.judgeSteady(arm, ask)),
  toHaveEvenPaths: (arm: Arm, ask: paths.Even): Ask =>
    ofArm(arm, paths.evenStatement(arm, ask), () => paths.judgeEven(arm, ask)),
  toCarryEqualShares: (arm: Arm): Ask =>
    ofArm(arm, transport.sharesStatement(arm), () => transport.judgeShares(arm)),
  toArriveIntact: (arm: Arm): Ask =>
    ofArm(arm, transport.intactStatement(arm), () => transport.judgeIntact(arm)),
  toClaimPairsAt: (set: PodSet, distance: Distance): Ask =>
    ofPods(set, topology.pairsStatement(distance), () => topology.judgePairs(set, distance)),
  toListOnlyClaimedDevices: (set: PodSet): Ask => ofPods(set, pods.listStatement, () => pods.judgeList(set)),
  toLackUnclaimedDevices: (set: PodSet): Ask => ofPods(set, pods.lackStatement, () => pods.judgeLack(set)),
  toHaveOnlyClaimedInterfaces: (set: PodSet): Ask =>
    ofPods(set, pods.interfacesStatement, () => pods.judgeInterfaces(set)),
  toMatchSku: (rack: PublishedRack, sku: Sku): Ask => ({
    statement: topology.matchStatement(sku),
    target: rack.target,
    judge: () => topology.judgeMatch(rack, sku),
  }),
} as const

type Judgement = () => Promise<Expectation | readonly Expectation[]>

const ofArm = (arm: Arm, statement: string, judge: Judgement): Ask => ({
  statement,
  target: arm.comparison.target,
  judge: many(judge),
  arm,
})

const ofPods = (set: PodSet, statement: string, judge: Judgement): Ask => ({
  statement,
  target: set.target,
  judge: many(judge),
})

const many = (judge: Judgement) => async (): Promise<readonly Expectation[]> => [await judge()].flat()
