/** Runs the transfer binary from GPU to GPU of this machine and returns the timing of the slower direction. */
import { TransferLog } from '../../harness/transfer/transfer-log.ts'
import type { TransferResult } from '../../harness/transfer/result.ts'
import { freePort, runBounded } from '../programs/limits.ts'
import { median, type Job, type Timing } from './job.ts'

const SECRET = 'a secret between two processes of one bench'

/** Rejects with the error that the initiator or the target printed. */
export async function runBinary(binary: string, capi: string, job: Job): Promise<Timing> {
  const ways = [[job.from, job.to] as const, ...(job.both ? [[job.to, job.from] as const] : [])]
  const results = await Promise.all(ways.map(([from, to]) => one(binary, capi, { ...job, from, to })))
  const slower = results.toSorted((a, b) => b.p50_seconds - a.p50_seconds)[0]
  if (slower === undefined) throw new TypeError('no way')
  return {
    p50Seconds: median(slower.samples_seconds),
    samples: slower.samples_seconds,
    transport: slower.streams[0]?.transport ?? null,
    setupSeconds: slower.setup_seconds,
  }
}

async function one(binary: string, capi: string, job: Job): Promise<TransferResult> {
  const env = {
    NIXL_CAPI_LIB: capi,
    TRANSFER_SECRET: SECRET,
    UCX_LOG_LEVEL: 'error',
    CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
  }
  const options = Object.entries({
    port: await freePort(),
    op: job.op,
    'block-size': job.bytes / job.blocks,
    'batch-size': job.blocks,
    iters: job.iters,
    'warmup-iters': job.warmupIters,
  }).flatMap(([name, value]) => [`--${name}`, String(value)])
  const start = async (args: readonly string[]): Promise<TransferLog> => {
    const transcript = new TransferLog(`${args[1]}`)
    for await (const line of runBounded(binary, [...args, ...options, '--no-verify'], env))
      transcript.add(line)
    return transcript
  }
  const [received, sent] = await Promise.all([
    start(['--mode', 'target', '--listen', '127.0.0.1', '--device', `cuda:${job.to}`]),
    start(['--mode', 'initiator', '--target-host', '127.0.0.1', '--device', `cuda:${job.from}`]),
  ])
  const error = received.error() ?? sent.error()
  if (error !== undefined) throw error
  return sent.result()
}
