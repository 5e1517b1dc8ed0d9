/**
 * How the bench runs a program: never longer than a limit, and never longer than the bench itself, even when that is killed.
 * Takes a command line; gives a running process. And finds a free port.
 */
import { once } from 'node:events'
import { createServer } from 'node:net'
import { execa } from 'execa'

const LIMIT_MS = 180_000

/** As `execa`; the process may fail without a rejection. */
export function runBounded(program: string, args: readonly string[], env: Readonly<Record<string, string>>) {
  return execa('setpriv', ['--pdeathsig', 'KILL', program, ...args], {
    env,
    reject: false,
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
  })
}

/** A TCP port of the loopback interface that nobody listened on a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port')
  return address.port
}
