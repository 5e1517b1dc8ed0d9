/** Small writes against NIXL's Python package: what a call costs. */
import { atMost, ratios, type Row } from '../figure.ts'
import { provideEnvironment } from '../programs/environment.ts'
import { runNixlLoop } from '../programs/nixl-loop.ts'
import { provideTransfer, runTransfer } from '../programs/transfer.ts'
import { interleave } from '../rounds.ts'

const transfer = { blockBytes: 4096, iters: 20_000, warmupIters: 2000 }

export const smallWrite: Row = {
  name: 'small-write',
  about: '4 KiB WRITE: p50 of the binary / p50 of the Python NIXL loop',
  async measure(context) {
    const program = await provideTransfer(context)
    const environment = await provideEnvironment(context.cacheDir, context.say)
    const samples = await interleave(
      context.rounds,
      {
        binary: async () => (await runTransfer(program, transfer)).p50_seconds,
        python: () => runNixlLoop(environment, transfer),
      },
      context.say,
    )
    const values = ratios(samples.binary, samples.python)
    return {
      figures: [
        { name: '4 KiB WRITE, binary / Python NIXL loop, p50', unit: 'x', values, goal: atMost(0.5) },
      ],
      samples,
    }
  },
}
