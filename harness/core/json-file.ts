/**
 * Reads a JSON file that a program wrote. Errors give file, line and column, and say so where the file is truncated.
 */
import { ClaimcheckError } from './errors.ts'
import { readInputFile } from './input-file.ts'

export interface JsonFile {
  readonly path: string
  readonly text: string
  readonly value: unknown
}

/** Throws FILE_UNREADABLE, or FILE_INVALID where it is not JSON in UTF-8. */
export function readJsonFile(path: string): JsonFile {
  const text = decoded(readInputFile(path), path)
  try {
    return { path, text, value: JSON.parse(text) as unknown }
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    const told = /position (\d+)/.exec(message)?.[1]
    const offset = told === undefined ? text.length : Number(told)
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

/** Line and column of an offset, both from 1: `12:5`. */
export function placeIn(text: string, offset: number): string {
  const before = text.slice(0, offset)
  const line = before.split('\n').length
  return `${line}:${offset - before.lastIndexOf('\n')}`
}

function decoded(bytes: Buffer, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new ClaimcheckError('FILE_INVALID', {
      subject: path,
      problem: 'is not text in UTF-8',
      hint: 'Use the file as it was written.',
      cause,
    })
  }
}
