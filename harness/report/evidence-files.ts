/**
 * Writes journal entries as files beside the reports, `evidence/<run>/<subject>.json`, for a person to read. No verdict
 * depends on them.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JournalEntry } from '../core/journal.ts'

const MOST_BYTES = 1_000_000
const MOST_FILES = 50

/** Writes at most 50 files; a file over 1 MB is truncated and has `cutTo`, its limit in bytes. */
export class EvidenceFiles {
  readonly folder: string
  #written = 0

  constructor(reportDir: string, run: string) {
    this.folder = join(reportDir, 'evidence', run)
  }

  /** Returns the path of the file, or undefined once the limit of files is reached. */
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
