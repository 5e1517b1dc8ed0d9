/**
 * Runs ucx_perftest over loopback in host memory, with one-sided writes of which one is outstanding, and returns the p50
 * of a write. To be comparable with the binary it uses NIXL's UCX settings, the same kind of pages, and a receiver that
 * does not busy-poll.
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

/**
 * Returns seconds. `touched` allocates the pages of its buffers first; without it the sender reads one zero page
 * repeatedly.
 */
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
