/**
 * The vocabulary of a suite. Takes arms, pods or a rack; gives sentences with verdicts, recorded for the reports.
 * A broken expectation fails the test; one that cannot be judged throws, so that it stays red under `.not` too.
 */
import { expect, type MatcherState, type RunnerTestCase } from 'vitest'
import { asClaimcheckError, ClaimcheckError } from '../core/errors.ts'
import type { Arm, ArmReference } from '../expect/arm.ts'
import { failureText, unjudged, type Expectation } from '../expect/expectation.ts'
import type * as figures from '../expect/judge-figures.ts'
import type * as paths from '../expect/judge-paths.ts'
import type { PodSet } from '../expect/pod-set.ts'
import type { PublishedRack } from '../expect/published-rack.ts'
import { vocabulary, type Ask } from '../expect/vocabulary.ts'
import { comparisonEvidence } from '../expect/evidence.ts'
import type { Sku } from '../sku/sku.ts'
import type { Distance } from '../claim/distance.ts'
import { recordEvidence, recordExpectation, recordProgress } from './case-evidence.ts'

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

/** What a sentence is applied to, and its words; `declare module` below says which go together. */
type Sentence = (received: unknown, ...words: readonly unknown[]) => Ask

expect.extend(
  Object.fromEntries(
    Object.entries(vocabulary as unknown as Record<string, Sentence>).map(([name, sentence]) => [
      name,
      function (this: MatcherState, received: unknown, ...words: readonly unknown[]) {
        return check(this, sentence(received, ...words))
      },
    ]),
  ),
)

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
    /** Passes when the percentile's interval stays below a time such as `45 ms`. */
    toStayBelow: (limit: T extends Arm ? string : never, ask: figures.Below) => Promise<void>
    /** Passes when latency changes by at most 5 %, or `within`, from the beginning to the end of the arm. */
    toBeSteady: (ask?: T extends Arm ? figures.Steady : never) => Promise<void>
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
