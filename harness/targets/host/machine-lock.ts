/**
 * One run at a time on a machine. Takes who runs; gives a hold on the machine's devices that ends with this process at the
 * latest, by whatever signal: it is a socket without a file. Whoever comes second is told who holds them.
 */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { userInfo } from 'node:os'
import { text } from 'node:stream/consumers'
import { ClaimcheckError } from '../../core/errors.ts'

const SOCKET = '\0claimcheck-host'
const ANSWER_MS = 2000

export interface MachineLock {
  release(): Promise<void>
}

interface Shared {
  readonly hold: Promise<MachineLock>
  users: number
}
/** What this process holds already; targets of one run share it. */
const held = new Map<string, Shared>()

/** Rejects with TARGET_UNAVAILABLE, naming the holder. `socket`: another machine, in tests. */
export async function lockMachine(socket = SOCKET): Promise<MachineLock> {
  const shared = held.get(socket) ?? { hold: listenOn(socket), users: 0 }
  held.set(socket, shared)
  shared.users++
  const leave = async (): Promise<void> => {
    shared.users--
    if (shared.users > 0) return
    held.delete(socket)
    await (await shared.hold).release()
  }
  try {
    await shared.hold
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
  caller.setTimeout(ANSWER_MS, () => caller.destroy())
  return text(caller).then(
    (answer) => answer || 'one that does not say who it is',
    () => 'one that has just ended, or does not answer',
  )
}
