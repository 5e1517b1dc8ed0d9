/**
 * The rounds in a certificate's evidence, for evaluating expectations again. Figures are recomputed from samples, counters and
 * allocations, and every round is checked against the plan.
 */
import { verifyGpus, verifyTopology } from '../claim/verify-allocation.ts'
import { ClaimcheckError } from '../core/errors.ts'
import { measureArm, type ArmRound } from '../measure/arm-round.ts'
import { blocksOf, memoryOf, plannedArm } from '../measure/arm-plan.ts'
import { deviceBlocks } from '../measure/node-comparison.ts'
import { linkPairs, measureLinkArm } from '../measure/link-round.ts'
import { requireSameDevices } from '../measure/same-devices.ts'
import { looksFor, type Looks } from '../measure/sequential-looks.ts'
import { bytes } from '../core/units.ts'
import { armOf, isOver, type Round } from '../measure/round.ts'
import type { PlannedTransfer, RoundSource } from '../measure/round-source.ts'
import type { Sku } from '../sku/sku.ts'
import type { Certificate } from './certificate.ts'
import { outcomesIn, type Outcome, type Rounds } from './evidence-schema.ts'
import { requirePlanned } from './planned-transfer.ts'
import { isBetweenGpus, planIn, type RecordedPlan } from './recorded-plan.ts'

/** What the rounds of a run were measured on; a certificate says it. */
interface MeasuredOn {
  readonly sku: Pick<Certificate['sku'], 'profile'>
  readonly emulation?: { readonly scale: number; readonly runtime: string } | undefined
}

/** Throws CERTIFICATE_INCOMPLETE, RESULT_INVALID or PRECONDITION_TOPOLOGY. */
export function roundsOf(evidence: Rounds, { sku, emulation }: MeasuredOn): readonly Round[] {
  const profile = sku.profile as Sku
  const plan = planIn(evidence)
  const remeasure = (arm: string, index: number, outcome: Outcome): ArmRound => {
    const where = `${plan.name} ${arm}, round ${index + 1}`
    if (isBetweenGpus(plan)) {
      const planned = plannedArm(plan, arm)
      const streams = linkPairs(plan, planned).length
      const blocks = blocksOf(planned.size, planned)
      requirePlanned(outcome, plan, { op: planned.op, streams, otherWay: 0, blocks }, where)
      for (const end of [outcome.initiator, outcome.target]) verifyGpus(end.allocated, profile)
      return measureLinkArm({ arm, round: index, outcome }, plan, profile)
    }
    const planned = plannedArm(plan, arm)
    const { op, gpus, bothWays } = planned
    const otherWay = bothWays === true ? gpus.count : 0
    const blocks = deviceBlocks(plan, arm, emulation)
    const transfer = { op, streams: gpus.count + otherWay, otherWay, blocks }
    requirePlanned(outcome, plan, transfer, where)
    for (const end of [outcome.initiator, outcome.target]) verifyTopology(end.allocated, planned, profile)
    return measureArm({ arm, round: index, outcome }, profile, emulation)
  }
  const names = Object.keys(plan.arms)
  return evidence.rounds.map((recorded, index) => {
    const { round } = recorded
    if (round !== index + 1) throw incomplete(evidence, `round ${index + 1}`, `round ${round} in its place`)
    const outcomes = outcomesIn(recorded)
    const present = Object.keys(outcomes)
    if (present.length !== names.length || names.some((name) => !present.includes(name)))
      throw incomplete(evidence, `the arms ${names.join(', ')} in round ${round}`, present.join(', '))
    if (!isBetweenGpus(plan)) requireSameDevices(plan.arms, outcomes)
    const arms = names.map((name) => [name, remeasure(name, index, armOf(outcomes, name))] as const)
    return { index, arms: Object.fromEntries(arms) }
  })
}

/** The nodes that the plan names, the initiator's of the first round first. */
function nodesOf(plan: RecordedPlan): readonly string[] | undefined {
  if ('turn' in plan) return plan.node === undefined ? undefined : [plan.node]
  return plan.nodes === undefined ? undefined : [plan.nodes.initiator, plan.nodes.target]
}

/** Replays the looks of the original evaluation: each shows the first `seen` of all rounds. */
export class RecordedRounds implements RoundSource {
  readonly looks: Looks
  readonly emulated: boolean
  readonly nodes: readonly string[] | undefined
  readonly #all: readonly Round[]
  readonly #evidence: Rounds
  readonly #plan: RecordedPlan
  readonly #remaining: number[]

  constructor(
    all: readonly Round[],
    seen: readonly number[],
    { evidence, emulated }: { readonly evidence: Rounds; readonly emulated: boolean },
  ) {
    this.looks = looksFor(evidence.plan.firstRounds)
    this.emulated = emulated
    this.#plan = planIn(evidence)
    this.nodes = nodesOf(this.#plan)
    this.#all = all
    this.#remaining = [...seen]
    this.#evidence = evidence
  }

  planned(arm: string): PlannedTransfer {
    const planned = isBetweenGpus(this.#plan) ? plannedArm(this.#plan, arm) : plannedArm(this.#plan, arm)
    return { memory: memoryOf(planned), size: bytes(planned.size) }
  }

  /** Recorded looks that the evaluation did not use. */
  get unused(): readonly number[] {
    return this.#remaining
  }

  /** Throws CERTIFICATE_INCOMPLETE when the evaluation needs another look than were recorded. */
  get rounds(): readonly Round[] {
    return this.#next(0)
  }

  /** Rejects with the recorded failure, or with CERTIFICATE_INCOMPLETE. */
  async atLeast(count: number): Promise<readonly Round[]> {
    const { failure } = this.#evidence
    if (this.#remaining.length === 0 && failure !== undefined)
      throw new ClaimcheckError(failure.code, {
        subject: this.#evidence.plan.name,
        problem: 'failed',
        sentence: failure.message,
      })
    return this.#next(count)
  }

  #next(least: number): readonly Round[] {
    const seen = this.#remaining.shift()
    if (seen !== undefined && seen <= this.#all.length) {
      const rounds = this.#all.slice(0, seen)
      if (seen >= least || isOver(rounds)) return rounds
    }
    throw incomplete(
      this.#evidence,
      `${Math.max(seen ?? 0, least)} rounds`,
      seen === undefined ? 'no further look' : `${Math.min(seen, this.#all.length)}`,
    )
  }
}

const incomplete = ({ plan }: Rounds, expected: string, found: string): ClaimcheckError =>
  new ClaimcheckError('CERTIFICATE_INCOMPLETE', {
    subject: `the evidence ${plan.name}`,
    problem: 'does not contain the samples that the verdict depends on',
    expected,
    found,
  })
