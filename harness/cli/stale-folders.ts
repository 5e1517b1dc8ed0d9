/**
 * Finds folders in which a run was unpacking NIXL when it was killed. A folder of a run that may still be alive, here or on
 * another machine that shares the cache folder, is kept for an hour.
 */
import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { makerOf, WORK_FOLDER_PREFIX } from '../native/work-folder.ts'
import type { StaleResource } from '../targets/stale-resource.ts'

const OLD_MS = 60 * 60_000

export async function unfinishedUnpacks(cacheDir: string): Promise<StaleResource[]> {
  const names = (await readdir(cacheDir).catch(absent(() => [] as string[]))).filter((name) =>
    name.startsWith(WORK_FOLDER_PREFIX),
  )
  const left: StaleResource[] = []
  for (const name of names.sort()) {
    const path = join(cacheDir, name)
    const why = await reason(path, name)
    if (why !== undefined)
      left.push({ what: `folder ${path}, ${why}`, remove: () => rm(path, { recursive: true, force: true }) })
  }
  return left
}

async function reason(path: string, name: string): Promise<string | undefined> {
  if (makerOf(name) === 'gone') return 'whose run has ended'
  const folder = await stat(path).catch(absent(() => undefined))
  if (folder === undefined || Date.now() - folder.mtimeMs < OLD_MS) return undefined
  return 'older than an hour'
}

/** Returns `answer` for a missing file or folder and rethrows every other error. */
const absent =
  <T>(answer: () => T) =>
  (error: unknown): T => {
    if ((error as { code?: unknown }).code === 'ENOENT') return answer()
    throw error
  }
