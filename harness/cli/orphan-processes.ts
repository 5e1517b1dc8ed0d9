/**
 * Processes of ours whose harness is gone. Takes the paths of our binaries; gives what to end, read from /proc.
 * Ours is only what runs one of those files, and only what this user may look into; elsewhere than on Linux there is none.
 */
import { readdir, readFile, readlink, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ClaimcheckError } from '../core/errors.ts'
import type { Binaries } from '../native/build-binaries.ts'
import type { StaleResource } from './leftover.ts'

const GONE_WITHIN_MS = 5000
const LOOK_EVERY_MS = 20
/** What /proc says for a file that was replaced while it ran: the binaries were built anew since. */
const REPLACED = ' (deleted)'

interface Process {
  readonly pid: number
  readonly parent: number
  readonly session: number
  /** In clock ticks since boot: a pid alone may be another process by now. */
  readonly started: string
  readonly program: string
}

export async function orphanProcesses(binaries: Binaries): Promise<StaleResource[]> {
  const ours = await allOf(Object.values(binaries))
  const own = new Set(ours.map(({ pid }) => pid))
  const tops = ours.filter(({ parent }) => !own.has(parent))
  const left: StaleResource[] = []
  for (const process of tops) {
    if (!(await isOrphaned(process))) continue
    const what = `process ${process.pid}, ${basename(process.program)}, whose harness is gone`
    left.push({ what, remove: () => end(process) })
  }
  return left
}

async function allOf(programs: readonly string[]): Promise<Process[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(pids.map((pid) => look(Number(pid), programs)))
  return found.filter((process) => process !== undefined)
}

/** Undefined where there is no such process any more, where it is not ours, and where this user may not know. */
async function look(pid: number, programs: readonly string[]): Promise<Process | undefined> {
  const program = await programOf(pid, programs)
  if (program === undefined) return undefined
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  // The second field, the name, may hold anything, brackets included.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state, parent, , session] = fields ?? []
  const started = fields?.[19]
  if (started === undefined || state === 'Z' || state === 'X') return undefined
  return { pid, parent: Number(parent), session: Number(session), started, program }
}

async function programOf(pid: number, programs: readonly string[]): Promise<string | undefined> {
  const link = `/proc/${pid}/exe`
  const [path, file] = await Promise.all([
    readlink(link).catch(() => undefined),
    stat(link).catch(() => undefined),
  ])
  for (const program of programs) {
    if (path === program || path === program + REPLACED) return program
    // In a pod the same file goes by another path.
    const own = await stat(program).catch(() => undefined)
    if (own !== undefined && file?.ino === own.ino && file.dev === own.dev) return program
  }
  return undefined
}

/** Whoever starts one of ours shares its session; whoever inherits it from the dead does not, or is pid 1. */
async function isOrphaned({ parent, session }: Process): Promise<boolean> {
  if (parent === 0) return false
  const stat = await readFile(`/proc/${parent}/stat`, 'utf8').catch(() => undefined)
  const parentSession = Number(stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[3])
  if (parentSession !== session) return true
  const heir = await readlink(`/proc/${parent}/exe`).catch(() => '')
  return parent === 1 && basename(heir) !== 'node'
}

async function end(process: Process): Promise<void> {
  const isThere = async (): Promise<boolean> =>
    (await look(process.pid, [process.program]))?.started === process.started
  if (!(await isThere())) return
  // The agent's pods are bound to its life by the kernel.
  globalThis.process.kill(process.pid, 'SIGKILL')
  for (let waited = 0; await isThere(); waited += LOOK_EVERY_MS) {
    if (waited >= GONE_WITHIN_MS) {
      throw new ClaimcheckError('DEADLINE', {
        subject: `process ${process.pid}`,
        problem: `was still there ${GONE_WITHIN_MS / 1000} s after it was killed`,
      })
    }
    await sleep(LOOK_EVERY_MS)
  }
}
