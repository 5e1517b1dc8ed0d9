/**
 * The journal: an ordered record of what the harness did and saw, which reports use to explain a failure.
 * `NODE_DEBUG=claimcheck` prints each entry to stderr.
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

/** Holds the newest 10,000 entries and counts the older ones that it dropped. */
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

  /** Calls `listener` for every later entry, until the returned function is called. */
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
