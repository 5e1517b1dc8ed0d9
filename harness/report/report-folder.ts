/**
 * Writes a run's reports. Files are replaced atomically, so a reader never sees part of one, and no symbolic link is followed.
 * Reports of an earlier run are removed when a run begins, so that an interrupted run cannot be mistaken for a green one.
 */
import { join } from 'node:path'
import { unwritableError } from '../core/unwritable-error.ts'
import { makeFolder } from '../core/make-folder.ts'
import { replaceFile } from '../core/output-file.ts'
import { formatJson } from './json.ts'
import { formatJUnit } from './junit-xml.ts'
import { removeReports, type REPORT_FILES } from './report-files.ts'
import type { RunReport } from './run-report.ts'

/** Every call throws REPORT_UNWRITABLE where the folder cannot be written. */
export class ReportFolder {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  /** Removes the reports of earlier runs. A folder that is missing has none. */
  clear(): void {
    this.#guard(() => removeReports(this.path))
  }

  /** Removes the reports of earlier runs and writes `unfinished` as the JUnit of this one. */
  begin(unfinished: RunReport): void {
    this.#guard(() => {
      makeFolder(this.path)
      removeReports(this.path)
      this.#write('junit.xml', formatJUnit(unfinished))
    })
  }

  finish(report: RunReport): void {
    this.#guard(() => {
      this.#write('results.json', formatJson(report))
      this.#write('junit.xml', formatJUnit(report))
    })
  }

  /** Adds another file of the run, after `finish`. */
  add(file: (typeof REPORT_FILES)[number], text: string): void {
    this.#guard(() => this.#write(file, text))
  }

  #write(file: (typeof REPORT_FILES)[number], text: string): void {
    replaceFile(join(this.path, file), text)
  }

  #guard(work: () => void): void {
    try {
      work()
    } catch (error) {
      throw unwritableError(`report folder ${this.path}`, error, {
        expected: 'a folder that this user can write to',
        hint: 'Make it writable, or set CLAIMCHECK_REPORT_DIR to another folder.',
      })
    }
  }
}
