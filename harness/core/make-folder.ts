/** Makes a folder and the folders above it. */
import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * A folder that exists is no error. Throws the error of the file system. Node's own recursive `mkdirSync` does not return where a
 * folder exists in which none can be made, such as /proc (nodejs/node, libuv: ENOENT for a parent that exists).
 */
export function makeFolder(path: string): void {
  if (existsSync(path)) return
  const parent = dirname(path)
  if (parent !== path) makeFolder(parent)
  try {
    mkdirSync(path)
  } catch (error) {
    // Another process may have made it meanwhile.
    if (!existsSync(path)) throw error
  }
}
