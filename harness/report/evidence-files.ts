/**
 * Writes journal entries as files beside the reports, `evidence/<run>/<subject>.json`, for a person to read. No verdict
 * depends on them.
 */
import { join } from 'node:path'
import { makeFolder } from '../core/make-folder.ts'
import type { JournalEntry } from '../core/journal.ts'
import { inFolder, replaceFile } from '../core/output-file.ts'

const MOST_BYTES = 1_000_000
const MOST_FILES = 50

/** Writes at most 50 files; a file over 1 MB is truncated and has `cutTo`, its limit in bytes. */
export class EvidenceFiles {
  readonly folder: string
  readonly #reportDir: string
  readonly #run: string
  #written = 0

  constructor(reportDir: string, run: string) {
    this.folder = join(reportDir, 'evidence', run)
    this.#reportDir = reportDir
    this.#run = run
  }

  /** Returns the path of the file, or undefined once the limit of files is reached. */
  write({ at, subject, data }: JournalEntry): string | undefined {
    if (this.#written === MOST_FILES) return undefined
    this.#written++
    const name = subject.replaceAll(/[^A-Za-z0-9._-]/g, '_').slice(0, 100)
    const file = `${String(this.#written).padStart(2, '0')}-${name}.json`
    const text = JSON.stringify({ at: new Date(at).toISOString(), ...data }, undefined, 2)
    const bounded =
      text.length <= MOST_BYTES
        ? text
        : JSON.stringify({ cutTo: MOST_BYTES, text: text.slice(0, MOST_BYTES) })
    makeFolder(this.#reportDir)
    inFolder(this.#reportDir, ['evidence', this.#run], (folder) => replaceFile(join(folder, file), bounded))
    return join(this.folder, file)
  }
}
