/** Runs the shortest loop of transfers that NIXL's Python package allows and returns the p50 of a transfer in seconds. */
import { join } from 'node:path'
import { z } from 'zod'
import { summaryOf } from '../figure.ts'
import type { Environment } from './environment.ts'
import { runBounded } from './limits.ts'
import type { Transfer } from './transfer.ts'

const LOOP = join(import.meta.dirname, 'nixl_loop.py')

/** Rejects where Python, NIXL or the transfer fails. */
export async function runNixlLoop(
  { python }: Environment,
  { blockBytes, blocks = 1, op = 'WRITE', iters, warmupIters, errorMode = 'peer' }: Transfer,
): Promise<number> {
  const args = [LOOP, blockBytes, blocks, iters, warmupIters, errorMode, op].map(String)
  const { stdout, stderr, exitCode } = await runBounded(python, args, { UCX_LOG_LEVEL: 'error' })
  if (exitCode !== 0) throw new Error(`${LOOP} ended with ${exitCode}: ${stderr}`)
  const samples = z.array(z.number()).min(1)
  return summaryOf(samples.parse(JSON.parse(stdout.trim().split('\n').at(-1) ?? ''))).median
}
