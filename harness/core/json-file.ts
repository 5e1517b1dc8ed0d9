/**
 * Reads a JSON file that a program wrote. Errors name file, line and column, and whether the file is truncated.
 */
import { ClaimcheckError } from './errors.ts'
import { decodeUtf8, readRegularFile } from './input-file.ts'

export interface JsonFile {
  readonly path: string
  readonly text: string
  readonly value: unknown
}

/** More than any file that claimcheck writes. */
export const MOST_BYTES = 64 * 2 ** 20
const MOST_LEVELS = 64
const MOST_ENTRIES = 50_000

/** Throws FILE_UNREADABLE, or FILE_INVALID where it is not JSON in UTF-8 or larger than what claimcheck writes. */
export function readJsonFile(path: string): JsonFile {
  const text = decodeUtf8(readRegularFile(path, MOST_BYTES).bytes, path)
  const value = parseJson(text, path)
  requireBounded(value, path)
  return { path, text, value }
}

/** `path` is used in messages only. Throws FILE_INVALID with line and column. */
export function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    const position = /position (\d+)/.exec(message)?.[1]
    const offset = position === undefined ? text.length : Number(position)
    const short = offset >= text.length || message.startsWith('Unterminated')
    throw new ClaimcheckError('FILE_INVALID', {
      subject: `${path}:${placeIn(text, offset)}`,
      problem: short ? 'ends before its JSON does' : 'is not JSON',
      found: text === '' ? 'an empty file' : message,
      hint: short
        ? 'Use the complete file. It was truncated while it was written or copied.'
        : 'Use the file as it was written.',
      cause,
    })
  }
}

/** Keeps code that walks the value by recursion, or spreads its arrays, within the stack. */
function requireBounded(value: unknown, path: string): void {
  const open: { readonly inner: unknown; readonly level: number }[] = [{ inner: value, level: 0 }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { inner, level } = next
    if (typeof inner !== 'object' || inner === null) continue
    const entries: readonly unknown[] = Object.values(inner)
    if (level === MOST_LEVELS) throw unbounded(path, `at most ${MOST_LEVELS} levels of nesting`, 'more')
    if (entries.length > MOST_ENTRIES)
      throw unbounded(path, `at most ${MOST_ENTRIES} entries in an array or object`, `${entries.length}`)
    for (const entry of entries) open.push({ inner: entry, level: level + 1 })
  }
}

const unbounded = (subject: string, expected: string, found: string): ClaimcheckError =>
  new ClaimcheckError('FILE_INVALID', {
    subject,
    problem: 'is larger than any file that claimcheck writes',
    expected,
    found,
    hint: 'Use the file as it was written.',
  })

/** Line and column of an offset, both from 1: `12:5`. */
export function placeIn(text: string, offset: number): string {
  const before = text.slice(0, offset)
  const line = before.split('\n').length
  return `${line}:${offset - before.lastIndexOf('\n')}`
}
