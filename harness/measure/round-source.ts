/**
 * Where rounds come from: arms that are being measured, or a record of them. Judges take either, so that a verdict can
 * be made again from a record by the code that made it first.
 */
import type { Bytes } from '../core/units.ts'
import type { Looks } from './sequential-looks.ts'
import type { Round } from './round.ts'

export interface RoundSource {
  readonly looks: Looks
  readonly emulated: boolean
  /** Of one transfer over all devices, as the hardware would move it. */
  readonly size: Bytes
  /** Those there are already. */
  readonly rounds: readonly Round[]
  /** At least `count` rounds. Rejects with what kept them from being measured. */
  atLeast(count: number): Promise<readonly Round[]>
}

/** Passes rounds on and remembers how many it showed each time: so a record can be shown in the same way. */
export class RecordingRounds implements RoundSource {
  readonly #source: RoundSource
  readonly #seen: number[] = []

  constructor(source: RoundSource) {
    this.#source = source
  }

  /** In the order of looking. */
  get seen(): readonly number[] {
    return this.#seen
  }

  get looks(): Looks {
    return this.#source.looks
  }

  get emulated(): boolean {
    return this.#source.emulated
  }

  get size(): Bytes {
    return this.#source.size
  }

  get rounds(): readonly Round[] {
    return this.#shown(this.#source.rounds)
  }

  async atLeast(count: number): Promise<readonly Round[]> {
    return this.#shown(await this.#source.atLeast(count))
  }

  /** A copy: other tests may let the source measure more while this one thinks. */
  #shown(rounds: readonly Round[]): readonly Round[] {
    this.#seen.push(rounds.length)
    return [...rounds]
  }
}
