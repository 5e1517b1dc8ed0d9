/**
 * Allows one run at a time on a machine. The lock is an abstract Unix socket, so that it is released when the process ends,
 * by whatever signal. The second run gets an error that names the first.
 */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { userInfo } from 'node:os'
import { ClaimcheckError } from '../../core/errors.ts'
import { printableLine } from '../../core/terminal.ts'

const SOCKET = '\0claimcheck-host'
const ANSWER_MS = 2000
/** In characters. */
const MOST_ANSWER = 200

export interface MachineLock {
  release(): Promise<void>
}

interface Shared {
  readonly lock: Promise<MachineLock>
  users: number
}
/** Locks that this process holds; the targets of one run share them. */
const held = new Map<string, Shared>()

/** Rejects with TARGET_UNAVAILABLE, naming the holder. `socket`: another machine, in tests. */
export async function lockMachine(socket = SOCKET): Promise<MachineLock> {
  const shared = held.get(socket) ?? { lock: listenOn(socket), users: 0 }
  held.set(socket, shared)
  shared.users++
  const leave = async (): Promise<void> => {
    shared.users--
    if (shared.users > 0) return
    held.delete(socket)
    await (await shared.lock).release()
  }
  try {
    await shared.lock
  } catch (error) {
    held.delete(socket)
    throw error
  }
  let left: Promise<void> | undefined
  return { release: () => (left ??= leave()) }
}

async function listenOn(socket: string): Promise<MachineLock> {
  const holder = `process ${process.pid} of ${userInfo().username}, since ${new Date().toISOString()}`
  const server = createServer((caller) => {
    caller.on('error', () => caller.destroy())
    caller.end(holder)
  })
  server.listen(socket)
  try {
    await once(server, 'listening')
  } catch (cause) {
    if ((cause as { code?: unknown }).code !== 'EADDRINUSE') throw cause
    throw new ClaimcheckError('TARGET_UNAVAILABLE', {
      subject: "this machine's devices",
      problem: 'are held by another run of claimcheck',
      found: await holderOf(socket),
      hint: 'Wait until it has ended, or end it.',
      cause,
    })
  }
  server.unref()
  return { release: () => new Promise((resolve) => server.close(() => resolve())) }
}

async function holderOf(socket: string): Promise<string> {
  const caller = connect(socket)
  // Any user can listen there: one that sends slowly or without end is cut off.
  const late = setTimeout(() => caller.destroy(), ANSWER_MS)
  let answer = ''
  const read = async (): Promise<string> => {
    for await (const part of caller.setEncoding('utf8')) {
      answer += String(part)
      if (answer.length > MOST_ANSWER) break
    }
    return printableLine(answer.slice(0, MOST_ANSWER)) || 'a run that does not identify itself'
  }
  return read()
    .catch(() => 'a run that has just ended or does not answer')
    .finally(() => {
      clearTimeout(late)
      caller.destroy()
    })
}
