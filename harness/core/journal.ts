/**
 * The journal: what the harness did and saw, in order, kept for the evidence of a run.
 * Takes events; gives them back in order and to listeners. Never prints; `NODE_DEBUG=claimcheck` shows it on stderr.
 */
import { debuglog } from 'node:util'

export interface JournalEntry {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly event: string
  readonly subject: string
  readonly data: Readonly<Record<string, unknown>>
}

const debug = debuglog('claimcheck')
const LIMIT = 10_000

/** Bounded at 10,000 entries; older ones are dropped and counted, never silently. */
export class Journal {
  #entries: JournalEntry[] = []
  #dropped = 0
  readonly #listeners = new Set<(entry: JournalEntry) => void>()
  readonly #now: () => number

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  record(event: string, subject: string, data: Readonly<Record<string, unknown>> = {}): void {
    const entry = { at: this.#now(), event, subject, data }
    if (this.#entries.length === LIMIT) {
      this.#entries.shift()
      this.#dropped++
    }
    this.#entries.push(entry)
    debug('%s %s %j', event, subject, data)
    for (const listener of this.#listeners) listener(entry)
  }

  /** Calls `listener` for every later entry; the returned function ends that. */
  listen(listener: (entry: JournalEntry) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  get entries(): readonly JournalEntry[] {
    return this.#entries
  }

  get dropped(): number {
    return this.#dropped
  }
}
