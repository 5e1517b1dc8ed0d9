/**
 * Runs the transfer binary over loopback in host memory and returns its RESULT and the time until the target was ready.
 */
import { provideBinaries } from '../../harness/native/build-binaries.ts'
import { provideNixl } from '../../harness/native/nixl.ts'
import type { TransferResult } from '../../harness/transfer/result.ts'
import { TransferLog, type TransferEvent } from '../../harness/transfer/transfer-log.ts'
import type { Context } from '../figure.ts'
import { freePort, runBounded } from './limits.ts'

const SECRET = 'a secret between two processes of one bench'

export interface Program {
  readonly binary: string
  readonly env: Readonly<Record<string, string>>
}

export interface Transfer {
  readonly blockBytes: number
  /** Default: 1. Several are scattered over the buffer. */
  readonly blocks?: number
  /** Into which the binary divides the blocks; default: its own choice. */
  readonly requests?: number
  /** Default: WRITE. */
  readonly op?: 'WRITE' | 'READ'
  /** UCX's error handling mode; NIXL's default is `peer`. */
  readonly errorMode?: 'peer' | 'none'
  readonly iters: number
  readonly warmupIters: number
}

/** Rejects with NATIVE_BUILD_FAILED or NIXL_UNAVAILABLE. */
export async function provideTransfer({ cacheDir, say }: Context): Promise<Program> {
  const [{ transfer }, { capi }] = await Promise.all([provideBinaries(say), provideNixl(cacheDir, say)])
  return { binary: transfer, env: { NIXL_CAPI_LIB: capi, TRANSFER_SECRET: SECRET, UCX_LOG_LEVEL: 'error' } }
}

/** Rejects with the error that the initiator or the target printed. */
export async function runTransfer(program: Program, transfer: Transfer): Promise<TransferResult> {
  const port = await freePort()
  const options = Object.entries({
    port,
    device: 'dram',
    'huge-pages': 'thp',
    op: transfer.op ?? 'WRITE',
    'block-size': transfer.blockBytes,
    'batch-size': transfer.blocks ?? 1,
    'block-order': 'scattered',
    requests: transfer.requests ?? 0,
    iters: transfer.iters,
    'error-mode': transfer.errorMode ?? 'peer',
    'warmup-iters': transfer.warmupIters,
  }).flatMap(([name, value]) => [`--${name}`, String(value)])
  const target = side(program, ['--mode', 'target', '--listen', '127.0.0.1', ...options])
  try {
    await target.ready
    const initiator = side(program, ['--mode', 'initiator', '--target-host', '127.0.0.1', ...options])
    const [sent, received] = await Promise.all([initiator.transcript, target.transcript])
    const error = received.error() ?? sent.error()
    if (error !== undefined) throw error
    return sent.result()
  } finally {
    target.end()
  }
}

export interface Start {
  /** From the start of the process to its line `target_ready`, measured from outside. */
  readonly seconds: number
  /** The duration of each phase as the binary reports it, in seconds. */
  readonly parts: Readonly<Record<string, number>>
}

/** Starts a target with `streams` buffers of `blockBytes` each, and stops it once it is ready. */
export async function startTarget(program: Program, streams: number, blockBytes: number): Promise<Start> {
  const port = await freePort()
  const devices = Array.from({ length: streams }, (_, index) => `dram:${index}`).join(',')
  const options = ['--port', String(port), '--devices', devices, '--block-size', String(blockBytes)]
  const began = performance.now()
  const target = side(program, ['--mode', 'target', '--listen', '127.0.0.1', ...options])
  try {
    const ready = await target.ready
    const seconds = (performance.now() - began) / 1000
    return { seconds, parts: ready.start_parts_seconds ?? {} }
  } finally {
    target.end()
  }
}

interface Side {
  /** Resolves with the target's `target_ready`; rejects when it ends without one. */
  readonly ready: Promise<TransferEvent>
  readonly transcript: Promise<TransferLog>
  end(): void
}

function side({ binary, env }: Program, args: readonly string[]): Side {
  const process = runBounded(binary, args, env)
  const transcript = new TransferLog(`${binary} ${args.slice(0, 2).join(' ')}`)
  const ready = Promise.withResolvers<TransferEvent>()
  ready.promise.catch(() => undefined)
  const read = async (): Promise<TransferLog> => {
    for await (const line of process) {
      const event = transcript.add(line)
      if (event?.event === 'target_ready') ready.resolve(event)
    }
    await process
    ready.reject(transcript.error() ?? new Error(`${binary} ended before it was ready`))
    return transcript
  }
  const whole = read()
  whole.catch(ready.reject)
  return { ready: ready.promise, transcript: whole, end: () => void process.kill('SIGKILL') }
}
