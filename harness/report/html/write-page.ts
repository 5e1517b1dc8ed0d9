/** Writes the report page to a path, with its style beside it. A reader never sees part of a page. */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ClaimcheckError } from '../../core/errors.ts'
import { STYLE } from './style.ts'

/** Throws REPORT_UNWRITABLE. */
export function writePage(path: string, page: string): void {
  const partial = `${path}.${process.pid}`
  try {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(join(dirname(path), 'report.css'), STYLE)
    writeFileSync(partial, page)
    renameSync(partial, path)
  } catch (cause) {
    throw new ClaimcheckError('REPORT_UNWRITABLE', {
      subject: path,
      problem: 'could not be written',
      found: cause instanceof Error ? cause.message : String(cause),
      hint: 'Make the folder writable, or name another one.',
      cause,
    })
  } finally {
    rmSync(partial, { force: true })
  }
}
