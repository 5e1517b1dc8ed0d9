/**
 * The rounds in a certificate's evidence, for evaluating expectations again. Figures are recomputed from samples, counters and
 * allocations, and every round is checked against the plan.
 */
import { pairsOfTurn } from '../claim/gpu-pairs.ts'
import { verifyGpus, verifyTopology } from '../claim/verify-allocation.ts'
import { ClaimcheckError } from '../core/errors.ts'
import { measureArm, type ArmRound } from '../measure/arm-round.ts'
import { bytesPerDevice } from '../measure/node-comparison.ts'
import { measureLinkArm } from '../measure/link-round.ts'
import { looksFor, type Looks } from '../measure/sequential-looks.ts'
import { bytes, type Bytes } from '../core/units.ts'
import { armOf, type Round } from '../measure/round.ts'
import type { MemoryKind } from '../claim/placement.ts'
import type { RoundSource } from '../measure/round-source.ts'
import { ARM_NAMES, type ArmName, type LinkArm, type NumaArm, type Sku } from '../sku/sku.ts'
import type { Certificate } from './certificate.ts'
import type { Rounds } from './evidence-schema.ts'
import { requirePlanned } from './planned-transfer.ts'

type Outcome = NonNullable<Rounds['rounds'][number]['aligned']>

/** What the rounds of a run were measured on; a certificate says it. */
interface MeasuredOn {
  readonly sku: Pick<Certificate['sku'], 'profile'>
  readonly emulation?: { readonly scale: number } | undefined
}

/** Throws CERTIFICATE_INCOMPLETE, RESULT_INVALID or PRECONDITION_TOPOLOGY. */
export function roundsOf(evidence: Rounds, { sku, emulation }: MeasuredOn): readonly Round[] {
  const profile = sku.profile as Sku
  const { plan } = evidence
  const remeasure = (arm: ArmName, index: number, outcome: Outcome): ArmRound => {
    const where = `${plan.name} ${arm}, round ${index + 1}`
    if ('turn' in plan) {
      const link = arm as LinkArm
      requirePlanned(
        outcome,
        plan,
        { streams: pairsOfTurn(plan.gpus, plan.turn).length, bytes: plan.size },
        where,
      )
      for (const end of [outcome.initiator, outcome.target]) verifyGpus(end.allocated, profile)
      return measureLinkArm({ arm: link, round: index, outcome }, plan, profile)
    }
    const numa = arm as NumaArm
    const planned = { streams: plan.arms[numa].gpus.count, bytes: bytesPerDevice(plan, numa, emulation) }
    requirePlanned(outcome, plan, planned, where)
    for (const end of [outcome.initiator, outcome.target])
      verifyTopology(end.allocated, plan.arms[numa], profile)
    return measureArm({ arm, round: index, outcome }, profile, emulation)
  }
  const names = 'turn' in plan ? plan.arms : (['aligned', 'unaligned'] as const)
  return evidence.rounds.map(({ round, ...outcomes }, index) => {
    if (round !== index + 1) throw incomplete(evidence, `round ${index + 1}`, `round ${round} in its place`)
    const present = ARM_NAMES.filter((name) => outcomes[name] !== undefined)
    if (present.length !== names.length || names.some((name) => outcomes[name] === undefined))
      throw incomplete(evidence, `the arms ${names.join(', ')} in round ${round}`, present.join(', '))
    return {
      index,
      ...Object.fromEntries(names.map((name) => [name, remeasure(name, index, armOf(outcomes, name))])),
    }
  })
}

/** The nodes that the plan names, the initiator's of the first round first. */
function nodesOf(plan: Rounds['plan']): readonly string[] | undefined {
  if ('turn' in plan) return plan.node === undefined ? undefined : [plan.node]
  return plan.nodes === undefined ? undefined : [plan.nodes.initiator, plan.nodes.target]
}

/** Replays the looks of the original evaluation: each shows the first `seen` of all rounds. */
export class RecordedRounds implements RoundSource {
  readonly looks: Looks
  readonly emulated: boolean
  readonly memory: MemoryKind
  readonly size: Bytes
  readonly nodes: readonly string[] | undefined
  readonly #all: readonly Round[]
  readonly #evidence: Rounds
  readonly #remaining: number[]

  constructor(
    all: readonly Round[],
    seen: readonly number[],
    { evidence, emulated }: { readonly evidence: Rounds; readonly emulated: boolean },
  ) {
    this.looks = looksFor(evidence.plan.firstRounds)
    this.emulated = emulated
    const { arms } = evidence.plan
    this.memory = 'aligned' in arms ? (arms.aligned.memory ?? 'gpu') : 'gpu'
    this.size = bytes(evidence.plan.size)
    this.nodes = nodesOf(evidence.plan)
    this.#all = all
    this.#remaining = [...seen]
    this.#evidence = evidence
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
    if (seen !== undefined && seen >= least && seen <= this.#all.length) return this.#all.slice(0, seen)
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
