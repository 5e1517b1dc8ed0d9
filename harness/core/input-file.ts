/** Reads a file that the user named. */
import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs'
import { ClaimcheckError } from './errors.ts'

/** Throws FILE_UNREADABLE with the reason. */
export function readInputFile(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

/** Reads a file that somebody else may have written. Never waits for a FIFO. `maxBytes`: larger files are not read. */
export function readRegularFile(path: string, maxBytes: number): { bytes: Buffer; stats: Stats } {
  const file = open(path)
  try {
    const stats = fstatSync(file)
    if (!stats.isFile()) throw new Error(`it is ${kindOf(stats)}, not a file`)
    if (stats.size > maxBytes)
      throw new Error(`it has ${stats.size} bytes, and ${maxBytes} bytes are the most that are read`)
    return { bytes: readFileSync(file), stats }
  } catch (cause) {
    throw unreadable(path, cause)
  } finally {
    closeSync(file)
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
