/** Runs the shortest write loop that NIXL's Python package allows and returns the p50 of a write in seconds. */
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
  { blockBytes, iters, warmupIters, errorMode }: Transfer,
): Promise<number> {
  const args = [LOOP, blockBytes, iters, warmupIters, errorMode ?? 'peer'].map(String)
  const { stdout, stderr, exitCode } = await runBounded(python, args, { UCX_LOG_LEVEL: 'error' })
  if (exitCode !== 0) throw new Error(`${LOOP} ended with ${exitCode}: ${stderr}`)
  const samples = z.array(z.number()).min(1)
  return summaryOf(samples.parse(JSON.parse(stdout.trim().split('\n').at(-1) ?? ''))).median
}
