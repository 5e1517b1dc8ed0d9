/**
 * Runs a program for the benchmark with a time limit. The program also ends with the benchmark itself, even when that is
 * killed. Finds a free port as well.
 */
import { once } from 'node:events'
import { createServer } from 'node:net'
import { execa } from 'execa'

const LIMIT_MS = 180_000

/** Starts a program like `execa`, but does not reject when it fails. */
export function runBounded(program: string, args: readonly string[], env: Readonly<Record<string, string>>) {
  return execa('setpriv', ['--pdeathsig', 'KILL', program, ...args], {
    env,
    reject: false,
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
  })
}

/** A TCP port of the loopback interface that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port')
  return address.port
}
