/**
 * Folders in the cache in which a run unpacks something. The name says which process of which machine made one, so that
 * `claimcheck sweep` can remove what a killed run left behind.
 */
import { mkdtemp } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'

export const WORK_FOLDER_PREFIX = 'nixl-unpack-'

/** Makes a folder that the caller removes. */
export const makeWorkFolder = (cacheDir: string): Promise<string> =>
  mkdtemp(join(cacheDir, `${WORK_FOLDER_PREFIX}${hostname()}-${process.pid}-`))

/** Whether the process that made such a folder is alive. Unknown for a folder that another machine made. */
export function makerOf(name: string): 'alive' | 'gone' | 'unknown' {
  const [, host, pid] = /^nixl-unpack-(.+)-(\d+)-[^-]+$/.exec(name) ?? []
  if (host !== hostname() || pid === undefined) return 'unknown'
  try {
    process.kill(Number(pid), 0)
    return 'alive'
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH' ? 'gone' : 'alive'
  }
}
