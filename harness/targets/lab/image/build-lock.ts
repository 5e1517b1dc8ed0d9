/**
 * One at a time, also between processes. Takes the path of a lock file; gives what frees it. The lock of a process that
 * is gone is no lock.
 */
import { link, readFile, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

const INTERVAL_MS = 200

/** Waits as long as it takes; `waiting` is called once if that is not at once. */
export async function lock(path: string, waiting: (holder: string) => void): Promise<() => Promise<void>> {
  const own = `${hostname()} ${process.pid}`
  let told = false
  for (;;) {
    if (await written(path, own)) return () => rm(path, { force: true })
    const holder = await readFile(path, 'utf8').catch(() => '')
    if (isOver(holder)) {
      await rm(path, { force: true })
      continue
    }
    if (!told) waiting(holder)
    told = true
    await sleep(INTERVAL_MS)
  }
}

/** The holder's name is in it from its first moment, so that a process killed in between leaves no lock of nobody. */
async function written(path: string, own: string): Promise<boolean> {
  const mine = `${path}.${process.pid}`
  await writeFile(mine, own)
  try {
    await link(mine, path)
    return true
  } catch (error) {
    if ((error as { code?: unknown }).code === 'EEXIST') return false
    throw error
  } finally {
    await rm(mine, { force: true })
  }
}

/** Only a process of this machine can be known to be gone. */
function isOver(holder: string): boolean {
  const [host, pid] = holder.split(' ')
  if (host !== hostname() || pid === undefined) return false
  return !isAlive(Number(pid))
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as { code?: unknown }).code !== 'ESRCH'
  }
}
