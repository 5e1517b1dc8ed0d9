/** The outcome of a finished transfer: the binary's RESULT and the allocation at both ends. */
import type { AllocatedClaim } from '../claim/allocated-claim.ts'
import { seconds, type Seconds } from '../core/units.ts'
import type { TransferResult } from './result.ts'

export interface Endpoint {
  readonly node: string
  readonly allocated: AllocatedClaim
}

export type TransferPhases = Readonly<Record<'schedule' | 'start' | 'transfer' | 'release', Seconds>>

export interface TransferOutcome {
  readonly result: TransferResult
  readonly initiator: Endpoint
  readonly target: Endpoint
  /** Wall time of the phases around the transfer. */
  readonly phases: TransferPhases
}

/** Measures phases that follow each other: `lap` ends one and starts the next. */
export class PhaseStopwatch {
  readonly #phases = { schedule: seconds(0), start: seconds(0), transfer: seconds(0), release: seconds(0) }
  #last = performance.now()

  get phases(): TransferPhases {
    return this.#phases
  }

  lap(phase: keyof TransferPhases): void {
    const now = performance.now()
    this.#phases[phase] = seconds((now - this.#last) / 1000)
    this.#last = now
  }
}
