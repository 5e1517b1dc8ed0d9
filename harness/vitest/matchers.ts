/**
 * The vocabulary of a suite as Vitest's matchers. Takes arms, pods or a rack; gives sentences with verdicts, recorded for
 * the reports. A broken expectation fails the test; one that cannot be judged throws, so that it stays red under `.not` too.
 */
import { expect, inject, type MatcherState, type RunnerTestCase } from 'vitest'
import type { Distance } from '../claim/pcie-distance.ts'
import { asClaimcheckError, ClaimcheckError } from '../core/errors.ts'
import type { Arm, ArmReference } from '../expect/arm.ts'
import { replayInfoSchema, type ReplayInfo } from '../expect/assertion-spec.ts'
import { failureText, negated, inconclusiveExpectation, type Expectation } from '../expect/expectation.ts'
import { isGating, applyWaiver, type WaiverContext } from '../expect/waiver.ts'
import type * as figures from '../expect/judge-ratio-and-bounds.ts'
import type * as paths from '../expect/judge-gpu-nic-paths.ts'
import type { PodSet } from '../transfer/pod-set.ts'
import type { LivePublishedDevices } from '../expect/published-devices.ts'
import { matcherDefinitions, type BoundAssertion } from '../expect/matcher-definitions.ts'
import type { Sku } from '../sku/sku.ts'
import {
  evidenceName,
  recordEvidence,
  recordExpectation,
  recordNodes,
  recordProgress,
} from './recorded-metadata.ts'

async function check(
  { isNot = false, task }: Partial<Pick<MatcherState, 'isNot'>> & { task?: Readonly<RunnerTestCase> },
  { ask, subject }: BoundAssertion,
) {
  const { question, target } = subject
  const circumstances = circumstancesOf(task)
  const silence = subject.listen?.((progress) => task && recordProgress(task, progress))
  const record = (expectation: Expectation, part: number): void => {
    if (task) recordExpectation(task, { ...expectation, ...basisOf(part) })
  }
  const basisOf = (part: number): { basis?: ReplayInfo } => {
    const basis = replayInfoSchema.safeParse({
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
    const judged = (await question.judge())
      .map((expectation) => (isNot ? negated(expectation) : expectation))
      .map((expectation) => applyWaiver(expectation, circumstances))
    judged.forEach(record)
    const gating = judged.filter(isGating)
    const doubtful = gating.find((expectation) => expectation.verdict === 'inconclusive')
    const broken = gating.filter((expectation) => expectation.verdict === 'failed')
    if (broken.length === 0 && doubtful !== undefined) throw inconclusive(doubtful)
    return {
      pass: (broken.length === 0) !== isNot,
      message: () => broken.map(failureText).join('\n'),
      meta: { expectations: judged },
    }
  } catch (error) {
    const known = asClaimcheckError(error, question.statement)
    if (error instanceof Inconclusive) throw known
    const nothing = inconclusiveExpectation(
      question.statement,
      'see the suite',
      known,
      target.emulation !== undefined,
    )
    const expectation = applyWaiver(nothing, circumstances)
    record(expectation, 0)
    if (isGating(expectation)) throw known
    return { pass: !isNot, message: () => failureText(expectation), meta: { expectations: [expectation] } }
  } finally {
    silence?.()
    const evidence = subject.evidence()
    if (task && evidence !== undefined) recordEvidence(task.file, evidenceName(task.file, subject), evidence)
  }
}

function circumstancesOf(task: Readonly<RunnerTestCase> | undefined): WaiverContext {
  return {
    test: task === undefined ? '' : task.fullTestName,
    sku: task?.file.meta.claimcheckFile?.sku?.name,
    tier: task?.tags?.includes('warn') === true ? 'warn' : undefined,
    // Without our set-up there are none.
    waivers: inject('waivers') ?? [],
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

/** What a sentence is applied to, and its words; `declare module` below says which go together. */
type Saying = (received: unknown, ...words: readonly unknown[]) => BoundAssertion

expect.extend(
  Object.fromEntries(
    Object.entries(matcherDefinitions as unknown as Record<string, Saying>).map(([name, saying]) => [
      name,
      async function (this: MatcherState, received: unknown, ...words: readonly unknown[]) {
        return check(this, saying(received, ...words))
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
    toMatchSku: (sku: T extends LivePublishedDevices ? Sku : never) => Promise<void>
    /** Passes when /dev/infiniband of every container lists the claimed NICs' devices, all of them openable, and no other. */
    toListOnlyClaimedDevices: () => Promise<void>
    /** Passes when no container has a character device of a NIC that its pod did not claim. */
    toLackUnclaimedDevices: () => Promise<void>
    /** Passes when every container has lo, eth0 and the claimed interfaces, and no other. */
    toHaveOnlyClaimedInterfaces: () => Promise<void>
    /** Passes when every container sees the claimed GPUs, with the links the SKU gives them, and no other GPU. */
    toSeeClaimedGpus: () => Promise<void>
  }
}
