/**
 * Where rounds come from: arms that are being measured, or a record of them. Judges take either, so that a verdict can
 * be made again from a record by the code that made it first.
 */
import type { Looks } from './looks.ts'
import type { Round } from './comparison.ts'

export interface RoundSource {
  readonly looks: Looks
  readonly emulated: boolean
  /** Those there are already. */
  readonly rounds: readonly Round[]
  /** At least `count` rounds. Rejects with what kept them from being measured. */
  atLeast(count: number): Promise<readonly Round[]>
}

/** Passes rounds on and remembers how many each look saw: with these a record can be looked at in the same way. */
export class WatchedRounds implements RoundSource {
  readonly #source: RoundSource
  readonly #looked: number[] = []

  constructor(source: RoundSource) {
    this.#source = source
  }

  /** Ascending, each once. */
  get looked(): readonly number[] {
    return this.#looked
  }

  get looks(): Looks {
    return this.#source.looks
  }

  get emulated(): boolean {
    return this.#source.emulated
  }

  get rounds(): readonly Round[] {
    return this.#source.rounds
  }

  async atLeast(count: number): Promise<readonly Round[]> {
    // A copy: other tests may let the source measure more while this one thinks.
    const rounds = [...(await this.#source.atLeast(count))]
    if (rounds.length > (this.#looked.at(-1) ?? 0)) this.#looked.push(rounds.length)
    return rounds
  }
}
