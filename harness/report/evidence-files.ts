/**
 * Evidence as files beside the reports: `evidence/<run>/<subject>.json`. Takes the journal's entries of that name; writes each,
 * bounded in size and in number. A person opens them; no verdict rests on them.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JournalEntry } from '../core/journal.ts'

const MOST_BYTES = 1_000_000
const MOST_FILES = 50

/** What is too long is cut, and says so. */
export class EvidenceFiles {
  readonly folder: string
  #written = 0

  constructor(reportDir: string, run: string) {
    this.folder = join(reportDir, 'evidence', run)
  }

  /** Returns the path, or undefined once there are enough. */
  write({ at, subject, data }: JournalEntry): string | undefined {
    if (this.#written === MOST_FILES) return undefined
    this.#written++
    const name = subject.replaceAll(/[^A-Za-z0-9._-]/g, '_').slice(0, 100)
    const path = join(this.folder, `${String(this.#written).padStart(2, '0')}-${name}.json`)
    const text = JSON.stringify({ at: new Date(at).toISOString(), ...data }, undefined, 2)
    mkdirSync(this.folder, { recursive: true })
    writeFileSync(
      path,
      text.length <= MOST_BYTES
        ? text
        : JSON.stringify({ cutTo: MOST_BYTES, text: text.slice(0, MOST_BYTES) }),
    )
    return path
  }
}
