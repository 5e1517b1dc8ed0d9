/**
 * Writes files into folders that other users may write to as well. No symbolic link in the place of a file or of a folder
 * below the given one is followed, and a reader never sees part of a file.
 */
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'

const { O_APPEND, O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants

/** Replaces what is at `path`, also a symbolic link. Throws the error of the file system. */
export function replaceFile(path: string, text: string): void {
  const partial = join(dirname(path), `.${basename(path)}.${randomBytes(8).toString('hex')}`)
  const file = openSync(partial, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o666)
  try {
    try {
      writeFileSync(file, text)
    } finally {
      closeSync(file)
    }
    renameSync(partial, path)
  } finally {
    rmSync(partial, { force: true })
  }
}

/** Appends with one write, which is atomic on a local file system. Throws the error of the file system. */
export function appendToFile(path: string, bytes: Buffer): void {
  const file = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o666)
  try {
    const stats = fstatSync(file)
    if (!stats.isFile()) throw new Error('it is not a regular file')
    if (stats.nlink > 1) throw new Error('it is a hard link to a file that has another name too')
    const written = writeSync(file, bytes)
    if (written !== bytes.length) throw new Error(`${written} of ${bytes.length} bytes were written`)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/**
 * Makes the folders `names` below `root` where they are missing, and calls `work` with a path of the innermost one. The path
 * stands for the open folder: whatever replaces the folder meanwhile is not used.
 */
export function inFolder<T>(root: string, names: readonly string[], work: (folder: string) => T): T {
  let folder = openSync(root, O_RDONLY | O_DIRECTORY)
  try {
    for (const name of names) {
      const path = `/proc/self/fd/${folder}/${name}`
      // With recursive, a folder that exists is no error; of a symbolic link, the next line makes one.
      mkdirSync(path, { recursive: true })
      const inner = openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
      closeSync(folder)
      folder = inner
    }
    return work(`/proc/self/fd/${folder}`)
  } finally {
    closeSync(folder)
  }
}
