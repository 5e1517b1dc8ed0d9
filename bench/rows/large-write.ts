/** Compares large writes with UCX's own benchmark: what NIXL and the binary add to a copy from process to process. */
import { atLeast, ratios, type Row } from '../figure.ts'
import { provideEnvironment } from '../programs/environment.ts'
import { runPerftest } from '../programs/perftest.ts'
import { provideTransfer, runTransfer } from '../programs/transfer.ts'
import { interleave } from '../rounds.ts'

const transfer = { blockBytes: 256 * 2 ** 20, iters: 30, warmupIters: 5 }

export const largeWrite: Row = {
  name: 'large-write',
  about: '256 MiB WRITE over CMA: p50 of ucx_perftest / p50 of the binary',
  async measure(context) {
    const program = await provideTransfer(context)
    const environment = await provideEnvironment(context.cacheDir, context.say)
    const samples = await interleave(
      context.rounds,
      {
        binary: async () => (await runTransfer(program, transfer)).p50_seconds,
        'perftest, pages touched': () => runPerftest(environment, transfer, true),
        'perftest as it comes': () => runPerftest(environment, transfer, false),
      },
      context.say,
    )
    return {
      figures: [
        {
          name: 'ucx_perftest with its pages touched / binary, p50',
          unit: 'x',
          values: ratios(samples['perftest, pages touched'], samples.binary),
          goal: atLeast(0.95),
        },
        {
          name: 'ucx_perftest as it comes (sends one zero page) / binary, p50',
          unit: 'x',
          values: ratios(samples['perftest as it comes'], samples.binary),
          goal: atLeast(0.95),
        },
        {
          name: 'best round of each: ucx_perftest with its pages touched / binary, p50',
          unit: 'x',
          values: [Math.min(...samples['perftest, pages touched']) / Math.min(...samples.binary)],
        },
      ],
      samples,
    }
  },
}
