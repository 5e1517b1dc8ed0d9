/** Compares small writes with NIXL's Python package: the cost of a call. */
import { atMost, ratios, type Figure, type Row } from '../figure.ts'
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
    const modes = {
      peer: { ...transfer, errorMode: 'peer' },
      none: { ...transfer, errorMode: 'none' },
    } as const
    const samples = await interleave(
      context.rounds,
      {
        binary: async () => (await runTransfer(program, modes.peer)).p50_seconds,
        python: () => runNixlLoop(environment, modes.peer),
        'binary, no error handling': async () => (await runTransfer(program, modes.none)).p50_seconds,
        'python, no error handling': () => runNixlLoop(environment, modes.none),
      },
      context.say,
    )
    const figure = (name: string, values: readonly number[]): Figure => ({
      name,
      unit: 'x',
      values,
      goal: atMost(0.5),
    })
    return {
      figures: [
        figure('4 KiB WRITE, binary / Python NIXL loop, p50', ratios(samples.binary, samples.python)),
        figure(
          '4 KiB WRITE, both without error handling, p50',
          ratios(samples['binary, no error handling'], samples['python, no error handling']),
        ),
      ],
      samples,
    }
  },
}
