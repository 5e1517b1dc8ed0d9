/**
 * ucx_perftest, both sides on loopback in host memory: one-sided writes, one outstanding. Gives the p50 of a write.
 * It gets what NIXL gives UCX, the same page kind, and a receiver that does not spin, as the binary's does not.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Environment } from './environment.ts'
import { freePort, runBounded } from './limits.ts'
import type { Transfer } from './transfer.ts'

const RETRY_MS = 50
const TRIES = 200
const UCX = {
  UCX_ALLOC_PRIO: 'thp,mmap,heap',
  UCX_RNDV_THRESH: 'inf',
  UCX_MAX_RMA_RAILS: '2',
  UCX_LOG_LEVEL: 'error',
}

/** Seconds. `touched` gives its buffers their pages first; without it the sender reads one zero page again and again. */
export async function runPerftest(
  environment: Environment,
  { blockBytes, iters, warmupIters }: Transfer,
  touched: boolean,
): Promise<number> {
  const port = String(await freePort())
  const preload = touched ? { LD_PRELOAD: environment.touchedPages } : {}
  const env = { ...UCX, ...preload, LD_LIBRARY_PATH: environment.ucxLibraries }
  const test = ['-t', 'ucp_put_bw', '-O', '1', '-o', '-s', String(blockBytes)]
  const counts = ['-n', String(iters), '-w', String(warmupIters), '-f', '-v']
  const server = runBounded(environment.perftest, ['-p', port], env)
  try {
    for (let tries = 0; tries < TRIES; tries++) {
      const args = ['127.0.0.1', '-p', port, ...test, ...counts]
      const client = await runBounded(environment.perftest, args, env)
      if (client.exitCode === 0) return p50(client.stdout)
      if (!/refused|connect/i.test(`${client.stderr}${client.stdout}`))
        throw new Error(`${client.shortMessage ?? 'ucx_perftest failed'}: ${client.stderr}${client.stdout}`)
      await sleep(RETRY_MS)
    }
    throw new Error(`ucx_perftest on port ${port} did not answer ${TRIES} times`)
  } finally {
    server.kill('SIGKILL')
    await server
  }
}

/** The second column of the last line, in microseconds. */
function p50(csv: string): number {
  const micros = Number(csv.trim().split('\n').at(-1)?.split(',')[1])
  if (!(micros > 0)) throw new Error(`ucx_perftest printed no p50: ${csv}`)
  return micros / 1e6
}
