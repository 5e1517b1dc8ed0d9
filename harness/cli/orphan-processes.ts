/**
 * Finds processes of claimcheck's native binaries whose harness has ended, from /proc. Only processes that this user can
 * inspect are found; on systems other than Linux, none are.
 */
import { readdir, readFile, readlink, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ClaimcheckError } from '../core/errors.ts'
import type { Binaries } from '../native/binaries.ts'
import type { StaleResource } from '../targets/stale-resource.ts'

const EXIT_TIMEOUT_MS = 5000
const POLL_INTERVAL_MS = 20
/** The suffix in /proc of an executable that was replaced while it ran, here by a new build. */
const REPLACED = ' (deleted)'

interface Process {
  readonly pid: number
  readonly parent: number
  readonly session: number
  /** The device number of its controlling terminal; 0 for none. */
  readonly terminal: number
  /** In clock ticks since boot; identifies the process together with its pid, which may be reused. */
  readonly started: string
  readonly program: string
}

/** `binaries`: the paths that the binaries of this installation may have. */
export async function orphanProcesses(binaries: readonly Binaries[]): Promise<StaleResource[]> {
  const ours = await processesOf(binaries.flatMap((one) => Object.values(one)))
  const own = new Set(ours.map(({ pid }) => pid))
  const tops = ours.filter(({ parent }) => !own.has(parent))
  const left: StaleResource[] = []
  for (const process of tops) {
    if (!(await isOrphaned(process)) || !(await isOfHarness(process, binaries))) continue
    const what = `process ${process.pid} (${basename(process.program)}), whose harness has ended`
    // A process that still has a terminal may have been started there by a person.
    left.push({ what, mayLive: process.terminal !== 0, remove: () => end(process) })
  }
  return left
}

async function processesOf(programs: readonly string[]): Promise<Process[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(pids.map((pid) => inspect(Number(pid), programs)))
  return found.filter((process) => process !== undefined)
}

/** Undefined when the process has ended, runs another program, or cannot be inspected by this user. */
async function inspect(pid: number, programs: readonly string[]): Promise<Process | undefined> {
  const program = await programOf(pid, programs)
  if (program === undefined) return undefined
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  // The second field, the name in parentheses, may itself contain parentheses.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state, parent, , session, terminal] = fields ?? []
  const started = fields?.[19]
  if (started === undefined || state === 'Z' || state === 'X') return undefined
  return {
    pid,
    parent: Number(parent),
    session: Number(session),
    terminal: Number(terminal),
    started,
    program,
  }
}

async function programOf(pid: number, programs: readonly string[]): Promise<string | undefined> {
  const link = `/proc/${pid}/exe`
  const [path, file] = await Promise.all([
    readlink(link).catch(() => undefined),
    stat(link).catch(() => undefined),
  ])
  for (const program of programs) {
    if (path === program || path === program + REPLACED) return program
    // In a pod, the same file has another path.
    const own = await stat(program).catch(() => undefined)
    if (own !== undefined && file?.ino === own.ino && file.dev === own.dev) return program
  }
  return undefined
}

/** The harness starts the agent, and the transfer binary with an option that nobody types; a person tries the binary without it. */
async function isOfHarness({ pid, program }: Process, binaries: readonly Binaries[]): Promise<boolean> {
  if (binaries.some(({ node }) => program === node)) return true
  const argv = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  return argv.split('\0').includes('--until-stdin-closes')
}

/** A parent in another session, or with pid 1, has adopted the process after its harness ended. */
async function isOrphaned({ parent, session }: Process): Promise<boolean> {
  if (parent === 0) return false
  const stat = await readFile(`/proc/${parent}/stat`, 'utf8').catch(() => undefined)
  const parentSession = Number(stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[3])
  if (parentSession !== session) return true
  const adopter = await readlink(`/proc/${parent}/exe`).catch(() => '')
  return parent === 1 && basename(adopter) !== 'node'
}

async function end(process: Process): Promise<void> {
  const isRunning = async (): Promise<boolean> =>
    (await inspect(process.pid, [process.program]))?.started === process.started
  if (!(await isRunning())) return
  // The kernel ends the agent's pods with it.
  globalThis.process.kill(process.pid, 'SIGKILL')
  for (let waited = 0; await isRunning(); waited += POLL_INTERVAL_MS) {
    if (waited >= EXIT_TIMEOUT_MS) {
      throw new ClaimcheckError('DEADLINE', {
        subject: `process ${process.pid}`,
        problem: `was still running ${EXIT_TIMEOUT_MS / 1000} s after SIGKILL`,
      })
    }
    await sleep(POLL_INTERVAL_MS)
  }
}
