/**
 * Interleaved arms. Takes two placements and a transfer; gives rounds, each with every arm once on the same nodes.
 * Rounds are measured on demand and kept, so that all expectations of a file look at the same figures.
 * A round that fails ends the comparison: what comes after an unexplained failure is no evidence.
 */
import type { Placement } from '../claim/placement.ts'
import { numaAttributesOf } from '../claim/numa-attribute.ts'
import { templateFor } from '../claim/template.ts'
import { proveTopology } from '../claim/topology.ts'
import type { Journal } from '../core/journal.ts'
import { bytes, formatBytes, seconds, type Bytes, type Seconds } from '../core/units.ts'
import type { ArmName, Sku } from '../sku/sku.ts'
import type { Target } from '../target/target.ts'
import { runPair, type TransferPlan } from '../transfer/pair.ts'
import { measure, type ArmRound } from './arm.ts'
import { directionOf, orderOf, type Direction } from './interleave.ts'
import { looksFor, type Looks } from './looks.ts'
import type { RoundSource } from './round-source.ts'

export interface Round {
  readonly index: number
  readonly aligned: ArmRound
  readonly unaligned: ArmRound
}

export interface ComparisonPlan {
  readonly name: string
  readonly arms: Readonly<Record<ArmName, Placement>>
  readonly op: 'WRITE' | 'READ'
  /** Over all GPUs of a pod. */
  readonly size: Bytes
  readonly iters: number
  readonly warmupIters: number
  readonly firstRounds: number
}

export interface ComparisonContext {
  readonly target: Target
  readonly sku: Sku
  readonly journal: Journal
}

/** One line of progress while an arm runs. */
export interface Progress {
  readonly comparison: string
  readonly arm: ArmName
  readonly round: number
  readonly phase: string
  readonly done: number
  readonly of: number
}

export class Comparison implements RoundSource {
  readonly plan: ComparisonPlan
  readonly looks: Looks
  readonly #context: ComparisonContext
  readonly #rounds: Round[] = []
  readonly #listeners = new Set<(progress: Progress) => void>()
  #queue: Promise<unknown> = Promise.resolve()
  #failure: { readonly error: unknown } | undefined
  #nodes: Direction | undefined

  constructor(plan: ComparisonPlan, context: ComparisonContext) {
    this.plan = plan
    this.looks = looksFor(plan.firstRounds)
    this.#context = context
  }

  get sku(): Sku {
    return this.#context.sku
  }

  get target(): Target {
    return this.#context.target
  }

  get emulated(): boolean {
    return this.target.emulation !== undefined
  }

  get size(): Bytes {
    return this.plan.size
  }

  /** What ended it, if anything did. */
  get failure(): unknown {
    return this.#failure?.error
  }

  /** The rounds measured so far. */
  get rounds(): readonly Round[] {
    return this.#rounds
  }

  /** Calls `listener` while arms run; the returned function ends that. */
  listen(listener: (progress: Progress) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Measures until there are `count` rounds. Rejects with the first failure, and with the same one ever after. */
  atLeast(count: number): Promise<readonly Round[]> {
    const work = this.#queue.then(async () => {
      while (this.#rounds.length < count) {
        if (this.#failure !== undefined) throw this.#failure.error
        try {
          this.#rounds.push(await this.#round(this.#rounds.length))
        } catch (error) {
          this.#failure = { error }
        }
      }
      return this.#rounds
    })
    this.#queue = work.catch(() => undefined)
    return work
  }

  async #round(index: number): Promise<Round> {
    const measured: Partial<Record<ArmName, ArmRound>> = {}
    for (const arm of orderOf<ArmName>(['aligned', 'unaligned'], index))
      measured[arm] = await this.#arm(arm, index)
    const { aligned, unaligned } = measured
    if (aligned === undefined || unaligned === undefined) throw new TypeError('a round has both arms')
    return { index, aligned, unaligned }
  }

  async #arm(arm: ArmName, round: number): Promise<ArmRound> {
    const { target, sku, journal } = this.#context
    const placement = this.plan.arms[arm]
    const template = templateFor(placement, sku, { published: numaAttributesOf(await target.slices()) })
    const made = transferPlan({ plan: this.plan, arm, round, sku, emulation: target.emulation })
    const plan = this.#nodes === undefined ? made : { ...made, nodes: directionOf(this.#nodes, round) }
    this.#tell({ arm, round, phase: 'claiming devices', done: 0, of: plan.iters })
    const outcome = await runPair(template, plan, {
      target,
      journal,
      admit: (allocated) => void proveTopology(allocated, placement, sku),
      onEvent: (event) => {
        const iteration = Number(event['iter'] ?? (event.event === 'verified' ? plan.iters : 0))
        this.#tell({ arm, round, phase: event.event, done: iteration, of: plan.iters })
      },
    })
    this.#nodes ??= { initiator: outcome.initiator.node, target: outcome.target.node }
    const result = measure({ arm, round, outcome }, sku, target.emulation)
    journal.record('arm-measured', `${this.plan.name} ${arm} round ${round + 1}`, {
      bandwidthGBps: result.bandwidth,
      p50Seconds: result.latency.p50,
      phases: outcome.phases,
    })
    return result
  }

  #tell(progress: Omit<Progress, 'comparison'>): void {
    for (const listener of this.#listeners)
      listener({ comparison: `${this.plan.name} ${formatBytes(this.plan.size)}`, ...progress })
  }
}

type Emulated = { readonly scale: number; readonly transfer: Iterations } | undefined

/** One arm's transfer in a round, on any two nodes. */
export function transferPlan(of: {
  readonly plan: ComparisonPlan
  readonly arm: ArmName
  readonly round: number
  readonly sku: Sku
  readonly emulation: Emulated
}): TransferPlan {
  const { plan, arm, round, sku, emulation } = of
  const { iters, warmupIters } = iterationsOf(plan, emulation)
  return {
    name: `${plan.name}-${arm}-${round + 1}`,
    op: plan.op,
    devices: Array.from({ length: plan.arms[arm].gpus.count }, (_, i) =>
      emulation === undefined ? `cuda:${i}` : `dram:${i}`,
    ),
    bytesPerDevice: bytesPerDevice(plan, arm, emulation),
    iters,
    warmupIters,
    within: patience(sku, plan.size, iters + warmupIters),
  }
}

type Iterations = Pick<ComparisonPlan, 'iters' | 'warmupIters'>

/** An emulated iteration costs CPU, so the rack says how many there are. */
export const iterationsOf = (
  plan: Iterations,
  emulation: { readonly transfer: Iterations } | undefined,
): Iterations => emulation?.transfer ?? plan

/** The buffer of each GPU in an arm: its part of the size, scaled, in whole words. */
export function bytesPerDevice(
  plan: Pick<ComparisonPlan, 'arms' | 'size'>,
  arm: ArmName,
  emulation: { readonly scale: number } | undefined,
): Bytes {
  const share = plan.size / plan.arms[arm].gpus.count / (emulation?.scale ?? 1)
  return bytes(Math.max(8, Math.round(share / 8) * 8))
}

/** Ten times what the SKU's slower arm takes, and a minute for set-up. */
function patience(sku: Sku, size: Bytes, iterations: number): Seconds {
  return seconds(60 + (10 * iterations * size) / (sku.reference.unaligned.bandwidth.value * 1e9))
}
