/**
 * Reads a file that the user named and that somebody else may have written: only a regular file, only up to a size, and never
 * waiting for a FIFO.
 */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs'
import { ClaimcheckError } from './errors.ts'

/** More than any file that a person writes for claimcheck. */
const MOST_INPUT_BYTES = 4 * 2 ** 20

/** Throws FILE_UNREADABLE with the reason, also for a file of more than 4 MiB. */
export const readInputFile = (path: string): Buffer => readRegularFile(path, MOST_INPUT_BYTES).bytes

/** Throws FILE_UNREADABLE, or FILE_INVALID where it is not UTF-8. */
export const readTextFile = (path: string): string => decodeUtf8(readInputFile(path), path)

/** Keeps a byte order mark. Throws FILE_INVALID. `path` is used in messages only. */
export function decodeUtf8(bytes: Buffer, path: string): string {
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

/** Throws FILE_UNREADABLE with the reason. `maxBytes`: larger files are not read. */
export function readRegularFile(path: string, maxBytes: number): { bytes: Buffer; stats: Stats } {
  const file = open(path)
  try {
    const stats = fstatSync(file)
    if (!stats.isFile()) throw new Error(`it is ${kindOf(stats)}, not a file`)
    if (stats.size > maxBytes)
      throw new Error(`it has ${stats.size} bytes, and ${maxBytes} bytes are the most that are read`)
    return { bytes: readAtMost(file, maxBytes), stats }
  } catch (cause) {
    throw unreadable(path, cause)
  } finally {
    closeSync(file)
  }
}

const CHUNK_BYTES = 64 * 1024

/** A file can have more bytes than its size says: it grows, or the kernel writes it as it is read. */
function readAtMost(file: number, maxBytes: number): Buffer {
  const chunks: Buffer[] = []
  let total = 0
  for (;;) {
    const chunk = Buffer.alloc(CHUNK_BYTES)
    const count = readSync(file, chunk)
    if (count === 0) return Buffer.concat(chunks)
    total += count
    if (total > maxBytes) throw new Error(`it has more than ${maxBytes} bytes, the most that are read`)
    chunks.push(chunk.subarray(0, count))
  }
}

function open(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a directory'
  if (stats.isFIFO()) return 'a FIFO'
  return stats.isSocket() ? 'a socket' : 'a device'
}

const unreadable = (path: string, cause: unknown): ClaimcheckError =>
  new ClaimcheckError('FILE_UNREADABLE', {
    subject: path,
    problem: 'could not be read',
    found: cause instanceof Error ? cause.message : String(cause),
    hint: 'Name an existing, readable file.',
    cause,
  })
