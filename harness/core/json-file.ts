/**
 * A JSON file that a program wrote. Takes a path; gives text and value, as found. Complaints name file, line and column;
 * one that ends too early is called that.
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
        ? 'Take the whole file; it was cut on the way or while it was written.'
        : 'Take the file as it was written.',
      cause,
    })
  }
}

/** `12:5`, from 1. */
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
      hint: 'Take the file as it was written.',
      cause,
    })
  }
}
