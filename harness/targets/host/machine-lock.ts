/**
 * Allows one run at a time on a machine. A run holds the machine by an empty file whose name has its process and the start
 * time of that process, in a folder in which no user can remove or rename the files of others. Its owner is the kernel's
 * word, so the message about another run names the right user, whatever that user wrote.
 */
import {
  closeSync,
  constants,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  lstatSync,
} from 'node:fs'
import { join } from 'node:path'
import { ClaimcheckError } from '../../core/errors.ts'
import { readInputFile } from '../../core/input-file.ts'

/** The first that every user can write to; the same for all users of a machine. */
const FOLDERS = ['/run/lock', '/dev/shm', '/tmp']
const EVERYBODY_WRITES_OWN_FILES = 0o1777
/** Codes of /proc for a process that has ended or that this user may not see. */
const GONE = new Set(['ENOENT', 'ESRCH', 'EACCES'])
const NAME = /^claimcheck-host\.([1-9]\d{0,9})\.(\d{1,20})$/

export interface MachineLock {
  release(): Promise<void>
}

/** Users of the lock in this process: the targets of one run share it. */
const held = new Map<string, number>()

/** Rejects with TARGET_UNAVAILABLE, naming the holder. `folder`: another machine, in tests. */
export async function lockMachine(folder = lockFolder()): Promise<MachineLock> {
  const users = held.get(folder) ?? 0
  if (users === 0) acquire(folder)
  held.set(folder, users + 1)
  let released = false
  return {
    release: async () => {
      if (released) return
      released = true
      const left = (held.get(folder) ?? 1) - 1
      held.set(folder, left)
      if (left === 0) rmSync(ownFile(folder), { force: true })
    },
  }
}

/** Two runs that start at the same time may both be refused, but never both hold the machine. */
function acquire(folder: string): void {
  const own = ownFile(folder)
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants
  closeSync(openSync(own, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, 0o444))
  const holder = readdirSync(folder)
    .map((name) => join(folder, name))
    .filter((path) => path !== own)
    .map(holderOf)
    .find((one) => one !== undefined)
  if (holder === undefined) return
  rmSync(own, { force: true })
  throw new ClaimcheckError('TARGET_UNAVAILABLE', {
    subject: "this machine's devices",
    problem: 'are held by another run of claimcheck',
    found: holder,
    hint: 'Wait until it has ended, or end it.',
  })
}

/** Undefined for any other file and for the file of a process that has ended, which is removed where that is allowed. */
function holderOf(path: string): string | undefined {
  const [, pid = '', start = ''] = NAME.exec(path.slice(path.lastIndexOf('/') + 1)) ?? []
  const file = lstatSync(path, { throwIfNoEntry: false })
  if (pid === '' || file?.isFile() !== true) return undefined
  const process = processOf(Number(pid))
  const alive =
    process !== undefined && (process.hidden || (process.start === start && process.uid === file.uid))
  if (alive) return `process ${pid} of ${userName(file.uid)}, since ${file.mtime.toISOString()}`
  removeStale(path)
  return undefined
}

interface Process {
  /** In clock ticks since boot. */
  readonly start: string
  readonly uid: number
  /** True where this user may not see processes of others. */
  readonly hidden: boolean
}

function processOf(pid: number): Process | undefined {
  try {
    const { uid } = statSync(`/proc/${pid}`)
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The second field, the name in parentheses, may itself contain parentheses.
    const start = text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? ''
    return { start, uid, hidden: false }
  } catch (error) {
    if (!GONE.has(codeOf(error))) throw error
    return isHidden(pid) ? { start: '', uid: -1, hidden: true } : undefined
  }
}

/** Whether a process runs that `/proc` does not show, as with the mount option hidepid. */
function isHidden(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

/** In a folder with the sticky bit, only root and the owner can. */
function removeStale(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch (error) {
    if (!['EPERM', 'EACCES'].includes(codeOf(error))) throw error
  }
}

function ownFile(folder: string): string {
  const start = processOf(process.pid)?.start ?? ''
  return join(folder, `claimcheck-host.${process.pid}.${start}`)
}

function lockFolder(): string {
  const folder = FOLDERS.find((path) => {
    const stats = statSync(path, { throwIfNoEntry: false })
    return (
      stats?.isDirectory() === true && stats.uid === 0 && (stats.mode & 0o7777) === EVERYBODY_WRITES_OWN_FILES
    )
  })
  if (folder !== undefined) return folder
  throw new ClaimcheckError('TARGET_UNAVAILABLE', {
    subject: 'this machine',
    problem: 'has no folder in which runs of different users can exclude each other',
    expected: `one of ${FOLDERS.join(', ')}, owned by root and with mode 1777`,
    found: 'none',
  })
}

function userName(uid: number): string {
  const entry = readInputFile('/etc/passwd')
    .toString('utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find((fields) => fields[2] === String(uid))
  return entry?.[0] ?? `user ${uid}`
}

const codeOf = (error: unknown): string => String((error as { code?: unknown }).code)
