/**
 * The vocabulary of a suite. Takes arms, pods or a rack; gives sentences with verdicts, recorded for the reports.
 * A broken expectation fails the test; one that cannot be judged throws, so that it stays red under `.not` too.
 */
import { expect, type MatcherState, type RunnerTestCase } from 'vitest'
import { asClaimcheckError, ClaimcheckError } from '../core/errors.ts'
import type { Arm, ArmReference } from '../expect/arm.ts'
import { failureText, unjudged, type Expectation } from '../expect/expectation.ts'
import * as figures from '../expect/judge-figures.ts'
import * as paths from '../expect/judge-paths.ts'
import * as pods from '../expect/judge-pods.ts'
import * as topology from '../expect/judge-topology.ts'
import * as transport from '../expect/judge-transport.ts'
import type { PodSet } from '../expect/pod-set.ts'
import type { PublishedRack } from '../expect/published-rack.ts'
import { comparisonEvidence } from '../expect/evidence.ts'
import type { Sku } from '../sku/sku.ts'
import type { Distance } from '../claim/distance.ts'
import type { Target } from '../target/target.ts'
import { recordEvidence, recordExpectation, recordProgress } from './case-evidence.ts'

interface Ask {
  readonly statement: string
  readonly target: Target
  /** Every expectation that the sentence holds. */
  readonly judge: () => Promise<readonly Expectation[]>
  /** The arm whose rounds it looks at, for progress and evidence. */
  readonly arm?: Arm
}

async function check(
  { isNot = false, task }: Partial<Pick<MatcherState, 'isNot'>> & { task?: Readonly<RunnerTestCase> },
  ask: Ask,
) {
  const silence = ask.arm?.comparison.listen((progress) => task && recordProgress(task, progress))
  try {
    const judged = (await ask.judge()).map((expectation) => (isNot ? negated(expectation) : expectation))
    if (task) for (const expectation of judged) recordExpectation(task, expectation)
    const doubtful = judged.find((expectation) => expectation.verdict === 'inconclusive')
    const broken = judged.filter((expectation) => expectation.verdict === 'failed')
    if (broken.length === 0 && doubtful !== undefined) throw inconclusive(doubtful)
    return {
      pass: (broken.length === 0) !== isNot,
      message: () => broken.map(failureText).join('\n'),
      meta: { expectations: judged },
    }
  } catch (error) {
    const known = asClaimcheckError(error, ask.statement)
    if (task && !(error instanceof Inconclusive))
      recordExpectation(
        task,
        unjudged(ask.statement, 'see the suite', known, ask.target.emulation !== undefined),
      )
    throw known
  } finally {
    silence?.()
    if (task && ask.arm)
      recordEvidence(task.file, ask.arm.comparison.plan.name, comparisonEvidence(ask.arm.comparison))
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

function negated(expectation: Expectation): Expectation {
  if (expectation.verdict === 'inconclusive') return expectation
  const { code: _, ...rest } = expectation
  const statement = `not: ${expectation.statement}`
  return expectation.verdict === 'passed'
    ? { ...rest, statement, verdict: 'failed', code: 'EXPECTATION_FAILED' }
    : { ...rest, statement, verdict: 'passed' }
}

const one = async (judgement: Promise<Expectation>): Promise<readonly Expectation[]> => [await judgement]

expect.extend({
  toOutperform(this: MatcherState, arm: Arm, other: Arm, ask: figures.Outperform) {
    return check(this, {
      ...ofArm(arm),
      statement: figures.outperformStatement(arm, other, ask),
      judge: () => one(figures.judgeOutperform(arm, other, ask)),
    })
  },
  toUndercut(this: MatcherState, arm: Arm, other: Arm, ask: figures.Undercut) {
    return check(this, {
      ...ofArm(arm),
      statement: figures.undercutStatement(arm, other, ask),
      judge: () => one(figures.judgeUndercut(arm, other, ask)),
    })
  },
  toBeWithin(this: MatcherState, arm: Arm, reference: ArmReference) {
    return check(this, {
      ...ofArm(arm),
      statement: figures.withinStatement(arm, 'bandwidth'),
      judge: () => figures.judgeWithin(arm, reference),
    })
  },
  toBeStable(this: MatcherState, arm: Arm, limit: { readonly p99OverP50: number }) {
    return check(this, {
      ...ofArm(arm),
      statement: figures.stableStatement(arm),
      judge: () => one(figures.judgeStable(arm, limit)),
    })
  },
  toHaveEvenPaths(this: MatcherState, arm: Arm, ask: paths.Even) {
    return check(this, {
      ...ofArm(arm),
      statement: paths.evenStatement(arm, ask),
      judge: () => one(paths.judgeEven(arm, ask)),
    })
  },
  toCarryEqualShares(this: MatcherState, arm: Arm) {
    return check(this, {
      ...ofArm(arm),
      statement: transport.sharesStatement(arm),
      judge: () => one(transport.judgeShares(arm)),
    })
  },
  toArriveIntact(this: MatcherState, arm: Arm) {
    return check(this, {
      ...ofArm(arm),
      statement: transport.intactStatement(arm),
      judge: () => one(transport.judgeIntact(arm)),
    })
  },
  toClaimPairsAt(this: MatcherState, set: PodSet, distance: Distance) {
    return check(this, {
      target: set.target,
      statement: topology.pairsStatement(distance),
      judge: () => one(topology.judgePairs(set, distance)),
    })
  },
  toMatchSku(this: MatcherState, rack: PublishedRack, sku: Sku) {
    return check(this, {
      target: rack.target,
      statement: topology.matchStatement(sku),
      judge: () => topology.judgeMatch(rack, sku),
    })
  },
  toListOnlyClaimedDevices(this: MatcherState, set: PodSet) {
    return check(this, {
      target: set.target,
      statement: pods.listStatement,
      judge: () => one(pods.judgeList(set)),
    })
  },
  toLackUnclaimedDevices(this: MatcherState, set: PodSet) {
    return check(this, {
      target: set.target,
      statement: pods.lackStatement,
      judge: () => one(pods.judgeLack(set)),
    })
  },
  toHaveOnlyClaimedInterfaces(this: MatcherState, set: PodSet) {
    return check(this, {
      target: set.target,
      statement: pods.interfacesStatement,
      judge: () => one(pods.judgeInterfaces(set)),
    })
  },
})

const ofArm = (arm: Arm): { arm: Arm; target: Target } => ({ arm, target: arm.comparison.target })

declare module 'vitest' {
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> {
    /** Passes when the 95 % interval of this arm's figure over the other's lies at or above `by`. */
    toOutperform: (other: T extends Arm ? Arm : never, ask: figures.Outperform) => Promise<void>
    /** Passes when the 95 % interval says that this arm's latency is lower than the other's by at least `by`. */
    toUndercut: (other: T extends Arm ? Arm : never, ask: figures.Undercut) => Promise<void>
    /** Passes when the 95 % intervals of bandwidth and mean latency lie within the reference's bounds. */
    toBeWithin: (reference: T extends Arm ? ArmReference : never) => Promise<void>
    /** Passes when the median over the rounds of p99 / p50 is at most the limit. */
    toBeStable: (limit: T extends Arm ? { readonly p99OverP50: number } : never) => Promise<void>
    /** Passes when the 95 % interval of every path's rate over the median path's lies above 1 - `within`. */
    toHaveEvenPaths: (ask: T extends Arm ? paths.Even : never) => Promise<void>
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
