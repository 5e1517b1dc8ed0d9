/**
 * A lock between the processes that build the node image. It uses `flock` of util-linux, which the kernel releases however
 * its holder ends. proper-lockfile would release the lock of a killed process only after ten seconds without an update, and
 * would take it from a live process that was suspended for that long.
 */
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { execa } from 'execa'
import { ClaimcheckError } from '../../../core/errors.ts'

/** An image takes about twenty minutes to build from empty caches. */
const WAIT_SECONDS = 60 * 60
const HELD_BY_ANOTHER = 75

/**
 * Acquires the lock and resolves with the function that releases it. Calls `waiting` once with the holder, `host pid`, if
 * another process has the lock. Rejects with LAB_BUILD_FAILED after an hour.
 */
export async function lock(path: string, waiting: (holder: string) => void): Promise<() => Promise<void>> {
  const free = await flock(path, ['--nonblock'])
  if (free !== undefined) return free
  waiting(await readFile(path, 'utf8'))
  const later = await flock(path, ['--timeout', String(WAIT_SECONDS)])
  if (later !== undefined) return later
  throw new ClaimcheckError('LAB_BUILD_FAILED', {
    subject: `lock ${path}`,
    problem: `timed out after ${WAIT_SECONDS / 60} minutes waiting for another build to release it`,
    found: `holder ${await readFile(path, 'utf8')}`,
    hint: 'Wait until that build has ended, or end it.',
  })
}

/** Undefined if another process has the lock. */
async function flock(path: string, options: readonly string[]): Promise<(() => Promise<void>) | undefined> {
  const conflict = ['--conflict-exit-code', String(HELD_BY_ANOTHER)]
  // Its stdin closes with this process, and it is in a process group of its own, where Ctrl-C does not end it.
  const holder = execa('flock', [...options, ...conflict, path, 'sh', '-c', 'echo locked; exec cat'], {
    reject: false,
    detached: true,
  })
  const acquired = await Promise.race([
    once(holder.stdout, 'data').then(() => true),
    holder.then(() => false),
  ])
  if (acquired) {
    await writeFile(path, `${hostname()} ${process.pid}`)
    return async () => {
      holder.stdin.end()
      await holder
    }
  }
  const { exitCode, message } = await holder
  if (exitCode === HELD_BY_ANOTHER) return undefined
  throw new ClaimcheckError('LAB_BUILD_FAILED', {
    subject: `lock ${path}`,
    problem: 'could not be acquired with flock',
    found: message ?? `exit code ${exitCode}`,
    hint: 'Install util-linux.',
  })
}
