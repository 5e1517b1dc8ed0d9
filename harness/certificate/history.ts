/**
 * The history of runs: one file, one line a run, lines are only ever added. Takes summaries; gives them back in order,
 * and the last green run that is like another. Runs that end at once add whole lines, on a local file system; a line that
 * was torn by a crash is told and passed over.
 */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { ClaimcheckError } from '../core/errors.ts'
import { readInputFile } from '../core/input-file.ts'
import { incomparabilities } from './comparability.ts'
import { summarySchema, type Summary } from './run-summary.ts'

export const HISTORY_FILE = 'history.ndjson'

export interface History {
  readonly runs: readonly Summary[]
  /** `history.ndjson:12 is torn or of another version`. */
  readonly complaints: readonly string[]
}

/** Throws REPORT_UNWRITABLE. */
export function addToHistory(path: string, summary: Summary): void {
  // It starts with a line break, so that what was torn before it stays alone on its line.
  const line = Buffer.from(`\n${JSON.stringify(summary)}\n`)
  try {
    mkdirSync(dirname(path), { recursive: true })
    const file = openSync(path, 'a')
    try {
      // One write, which the system appends as a whole.
      const written = writeSync(file, line)
      if (written !== line.length) throw new Error(`${written} of ${line.length} bytes were written`)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
  } catch (cause) {
    throw new ClaimcheckError('REPORT_UNWRITABLE', {
      subject: path,
      problem: 'could not be added to',
      found: cause instanceof Error ? cause.message : String(cause),
      hint: 'Free it or set CLAIMCHECK_REPORT_DIR to another folder.',
      cause,
    })
  }
}

/** Empty where there is none yet. Throws FILE_UNREADABLE. */
export function readHistory(path: string): History {
  const runs: Summary[] = []
  const complaints: string[] = []
  for (const [index, line] of linesOf(path).entries()) {
    if (line === '') continue
    const summary = summaryIn(line)
    if (typeof summary === 'string') complaints.push(`${path}:${index + 1} ${summary}`)
    else runs.push(summary)
  }
  return { runs, complaints }
}

/** Throws NO_REFERENCE, or RUNS_UNLIKE where green runs of that SKU and target are all unlike it. */
export function lastGreen(history: History, run: Summary, path: string): Summary {
  const green = history.runs.filter(
    (one) =>
      one.verdict === 'passed' &&
      one.run !== run.run &&
      one.finishedAt < run.finishedAt &&
      one.sku.name === run.sku.name &&
      one.target === run.target,
  )
  const like = green.findLast((one) => incomparabilities(one, run).length === 0)
  const last = like ?? green.at(-1)
  if (last !== undefined) return last
  throw new ClaimcheckError('NO_REFERENCE', {
    subject: path,
    problem: `has no green run of SKU ${run.sku.name} on target ${run.target} before run ${run.run}`,
    found: `${history.runs.length} runs`,
    hint: 'Name two certificates instead: `npx claimcheck compare A B`.',
  })
}

const linesOf = (path: string): readonly string[] =>
  existsSync(path) ? readInputFile(path).toString('utf8').split('\n') : []

/** The summary, or what is wrong with the line. */
function summaryIn(line: string): Summary | string {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (error) {
    return `is torn, and passed over: ${error instanceof Error ? error.message : String(error)}`
  }
  const parsed = summarySchema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  return `is no run of this version, and passed over: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`
}
