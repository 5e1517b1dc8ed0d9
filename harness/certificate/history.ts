/**
 * The history of runs, an append-only file with one line of JSON per run. On a local file system, runs that end at the same
 * time append whole lines. A line that a crash left incomplete is reported and ignored.
 */
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { ClaimcheckError } from '../core/errors.ts'
import { unwritableError } from '../core/unwritable-error.ts'
import { makeFolder } from '../core/make-folder.ts'
import { readRegularFile } from '../core/input-file.ts'
import { MOST_BYTES } from '../core/json-file.ts'
import { appendToFile } from '../core/output-file.ts'
import { incomparabilities } from './comparability.ts'
import { summarySchema, type Summary } from './run-summary.ts'

export const HISTORY_FILE = 'history.ndjson'

export interface History {
  readonly runs: readonly Summary[]
  /** Lines that were ignored: `history.ndjson:12 is not valid JSON and is ignored: ...`. */
  readonly warnings: readonly string[]
}

/** Throws REPORT_UNWRITABLE. */
export function addToHistory(path: string, summary: Summary): void {
  // The leading line break separates this line from an incomplete one before it.
  const line = Buffer.from(`\n${JSON.stringify(summary)}\n`)
  try {
    makeFolder(dirname(path))
    appendToFile(path, line)
  } catch (cause) {
    throw unwritableError(path, cause, {
      hint: 'Make it writable, or set CLAIMCHECK_REPORT_DIR to another folder.',
    })
  }
}

/** Empty when there is no file. Throws FILE_UNREADABLE. */
export function readHistory(path: string): History {
  const runs: Summary[] = []
  const warnings: string[] = []
  for (const [index, line] of linesOf(path).entries()) {
    if (line === '') continue
    const summary = summaryIn(line)
    if (typeof summary === 'string') warnings.push(`${path}:${index + 1} ${summary}`)
    else runs.push(summary)
  }
  return { runs, warnings }
}

/**
 * The last green run before `run` that is comparable to it; if none is, the last green run of its SKU and target, so that
 * `compareRuns` can list the differences. Throws NO_REFERENCE when there is no green run.
 */
export function lastGreen(history: History, run: Summary, path: string): Summary {
  const green = history.runs.filter(
    (one) =>
      one.verdict === 'passed' &&
      one.run !== run.run &&
      one.finishedAt < run.finishedAt &&
      one.sku.name === run.sku.name &&
      one.target === run.target,
  )
  const comparable = green.findLast((one) => incomparabilities(one, run).length === 0)
  const last = comparable ?? green.at(-1)
  if (last !== undefined) return last
  throw new ClaimcheckError('NO_REFERENCE', {
    subject: path,
    problem: `has no green run of SKU ${run.sku.name} on target ${run.target} before run ${run.run}`,
    found: `${history.runs.length} runs`,
    hint: 'Compare two certificates instead: `npx claimcheck compare A B`.',
  })
}

const linesOf = (path: string): readonly string[] =>
  existsSync(path) ? readRegularFile(path, MOST_BYTES).bytes.toString('utf8').split('\n') : []

/** The summary, or why the line is ignored. */
function summaryIn(line: string): Summary | string {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (error) {
    return `is not valid JSON and is ignored: ${error instanceof Error ? error.message : String(error)}`
  }
  const parsed = summarySchema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  return `is not a run of this version and is ignored: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`
}
