/**
 * Temporary folders in the cache, into which a run unpacks files. The name contains the machine and the process that
 * created it, so that `claimcheck sweep` can remove the folders of killed runs.
 */
import { mkdtemp } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'

export const WORK_FOLDER_PREFIX = 'nixl-unpack-'

/** Creates a folder; the caller removes it. */
export const makeWorkFolder = (cacheDir: string): Promise<string> =>
  mkdtemp(join(cacheDir, `${WORK_FOLDER_PREFIX}${hostname()}-${process.pid}-`))

/** Whether the process that created such a folder is alive. Unknown for a folder of another machine. */
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
