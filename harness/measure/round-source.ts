/**
 * The source of rounds: a running measurement or a certificate. Judges accept both, so that the code that reached a verdict
 * can reproduce it from a certificate.
 */
import type { MemoryKind } from '../claim/placement.ts'
import type { Bytes } from '../core/units.ts'
import type { Looks } from './sequential-looks.ts'
import type { Round } from './round.ts'

export interface RoundSource {
  readonly looks: Looks
  readonly emulated: boolean
  /** The nodes of the rounds; undefined where a comparison has only one pair of nodes, or one node. */
  readonly nodes: readonly string[] | undefined
  /** The rounds that exist already. */
  readonly rounds: readonly Round[]
  /** What one arm transfers. Throws TypeError when there is no arm of that name. */
  planned(arm: string): PlannedTransfer
  /** Returns at least `count` rounds, or fewer where `isOver`. Rejects with the error that ended the measurement. */
  atLeast(count: number): Promise<readonly Round[]>
}

export interface PlannedTransfer {
  /** Where the buffers are. */
  readonly memory: MemoryKind
  /** The size of one transfer over all devices, unscaled. */
  readonly size: Bytes
}

/** Wraps a source and records how many rounds each look used, so that `claimcheck verify` can repeat the same looks. */
export class RecordingRounds implements RoundSource {
  readonly #source: RoundSource
  readonly #seen: number[] = []

  constructor(source: RoundSource) {
    this.#source = source
  }

  /** The number of rounds at each look, in order. */
  get seen(): readonly number[] {
    return this.#seen
  }

  get looks(): Looks {
    return this.#source.looks
  }

  get emulated(): boolean {
    return this.#source.emulated
  }

  get nodes(): readonly string[] | undefined {
    return this.#source.nodes
  }

  get rounds(): readonly Round[] {
    return this.#recordLook(this.#source.rounds)
  }

  planned(arm: string): PlannedTransfer {
    return this.#source.planned(arm)
  }

  async atLeast(count: number): Promise<readonly Round[]> {
    return this.#recordLook(await this.#source.atLeast(count))
  }

  /** Copies the rounds, since another test may add rounds to the source meanwhile. */
  #recordLook(rounds: readonly Round[]): readonly Round[] {
    this.#seen.push(rounds.length)
    return [...rounds]
  }
}
