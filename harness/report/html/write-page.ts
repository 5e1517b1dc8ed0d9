/** Writes the report page to a path, with its style beside it. A reader never sees part of a page. */
import { dirname, join } from 'node:path'
import { unwritableError } from '../../core/unwritable-error.ts'
import { makeFolder } from '../../core/make-folder.ts'
import { replaceFile } from '../../core/output-file.ts'
import { STYLE } from './style.ts'

/** Throws REPORT_UNWRITABLE. */
export function writePage(path: string, page: string): void {
  try {
    makeFolder(dirname(path))
    replaceFile(join(dirname(path), 'report.css'), STYLE)
    replaceFile(path, page)
  } catch (cause) {
    throw unwritableError(path, cause, { hint: 'Make the folder writable, or name another one.' })
  }
}
