/**
 * Measures rounds of interleaved arms on demand and keeps them, so that all expectations of a file use the same figures. The
 * first failure ends the measurement: rounds after an unexplained failure are no evidence.
 */
import type { Sku } from '../sku/sku.ts'
import type { Target } from '../targets/target.ts'
import type { ArmRound } from './arm-round.ts'
import { orderOf } from './interleave.ts'
import { isOver, type Round } from './round.ts'
import { looksFor, type Looks } from './sequential-looks.ts'
import type { PlannedTransfer, RoundSource } from './round-source.ts'

/** The state of the arm that is being measured. */
export interface Progress {
  readonly comparison: string
  readonly arm: string
  readonly round: number
  readonly phase: string
  readonly done: number
  readonly of: number
}

export interface RoundsParts {
  /** Name and size, for progress messages. */
  readonly name: string
  /** Names, in the order of the first round. */
  readonly arms: readonly string[]
  readonly firstRounds: number
  readonly target: Target
  readonly sku: Sku
}

export abstract class MeasuredRounds implements RoundSource {
  readonly looks: Looks
  readonly #parts: RoundsParts
  readonly #rounds: Round[] = []
  readonly #listeners = new Set<(progress: Progress) => void>()
  #queue: Promise<unknown> = Promise.resolve()
  #failure: { readonly error: unknown } | undefined

  constructor(parts: RoundsParts) {
    this.looks = looksFor(parts.firstRounds)
    this.#parts = parts
  }

  abstract get nodes(): readonly string[] | undefined

  /** Called once for every arm of a round. */
  protected abstract measureArm(arm: string, round: number): Promise<ArmRound>

  /** Throws a ClaimcheckError when the arms of a round cannot be compared with each other. */
  protected abstract requireComparable(round: Round): void

  abstract planned(arm: string): PlannedTransfer

  get sku(): Sku {
    return this.#parts.sku
  }

  get target(): Target {
    return this.#parts.target
  }

  get emulated(): boolean {
    return this.target.emulation !== undefined
  }

  /** The error that ended the measurement, if any. */
  get failure(): unknown {
    return this.#failure?.error
  }

  /** The rounds measured so far. */
  get rounds(): readonly Round[] {
    return this.#rounds
  }

  /** Calls `listener` with progress until the returned function is called. */
  listen(listener: (progress: Progress) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * Measures until there are `count` rounds, or until further rounds could not be judged. Rejects with the first failure, on this
   * and all later calls.
   */
  atLeast(count: number): Promise<readonly Round[]> {
    const work = this.#queue.then(async () => {
      while (this.#rounds.length < count && !isOver(this.#rounds)) {
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

  protected report(progress: Omit<Progress, 'comparison'>): void {
    for (const listener of this.#listeners) listener({ comparison: this.#parts.name, ...progress })
  }

  async #round(index: number): Promise<Round> {
    const measured = new Map<string, ArmRound>()
    for (const arm of orderOf(this.#parts.arms, index)) measured.set(arm, await this.measureArm(arm, index))
    const round = { index, arms: Object.fromEntries(measured) }
    this.requireComparable(round)
    return round
  }
}
