/**
 * Runs ucx_perftest from GPU to GPU of this machine, with the UCX settings that NIXL uses, and returns the p50, the only
 * percentile that it prints.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Perftest } from '../../harness/native/ucx-perftest.ts'
import { freePort, runBounded } from '../programs/limits.ts'
import type { Job, Timing } from './job.ts'

const RETRY_MS = 100
const TRIES = 100
const UCX = {
  UCX_RNDV_THRESH: 'inf',
  UCX_MAX_RMA_RAILS: '2',
  UCX_CUDA_IPC_ENABLE_GET_ZCOPY: 'on',
  UCX_LOG_LEVEL: 'error',
  CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
}

/** Each process sees its own GPU only: perftest has no option to choose one. */
export async function runPerftest(perftest: Perftest, job: Job): Promise<Timing> {
  const ways = [[job.from, job.to] as const, ...(job.both ? [[job.to, job.from] as const] : [])]
  const seconds = await Promise.all(ways.map(([from, to]) => one(perftest, { ...job, from, to })))
  return { p50Seconds: Math.max(...seconds) }
}

async function one({ program, libraries }: Perftest, job: Job): Promise<number> {
  const port = String(await freePort())
  const path = [libraries, process.env['LD_LIBRARY_PATH']].filter(Boolean).join(':')
  const env = (gpu: number) => ({ ...UCX, LD_LIBRARY_PATH: path, CUDA_VISIBLE_DEVICES: String(gpu) })
  const test = [
    '-t',
    job.op === 'WRITE' ? 'ucp_put_bw' : 'ucp_get',
    '-m',
    'cuda',
    '-O',
    '1',
    '-s',
    String(job.bytes),
  ]
  const counts = ['-n', String(job.iters), '-w', String(job.warmupIters), '-f', '-v']
  const server = runBounded(program, ['-p', port], env(job.to))
  try {
    for (let tries = 0; tries < TRIES; tries++) {
      const client = await runBounded(program, ['127.0.0.1', '-p', port, ...test, ...counts], env(job.from))
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
