/** Compares transfers of many scattered blocks with NIXL's Python package: whose cost a block is. */
import { atMost, ratios, type Figure, type Row } from '../figure.ts'
import { provideEnvironment } from '../programs/environment.ts'
import { runNixlLoop } from '../programs/nixl-loop.ts'
import { provideTransfer, runTransfer } from '../programs/transfer.ts'
import { interleave } from '../rounds.ts'

const BLOCKS = 4096
const transfer = { blockBytes: 16 * 1024, blocks: BLOCKS, iters: 30, warmupIters: 5 }

export const pagedTransfer: Row = {
  name: 'paged-transfer',
  about: `${BLOCKS} scattered blocks of 16 KiB over CMA: p50 of the binary / p50 of the Python NIXL loop`,
  async measure(context) {
    const program = await provideTransfer(context)
    const environment = await provideEnvironment(context.cacheDir, context.say)
    const own = (options: object) => async () =>
      (await runTransfer(program, { ...transfer, ...options })).p50_seconds
    const samples = await interleave(
      context.rounds,
      {
        write: own({}),
        'write, one request': own({ requests: 1 }),
        'write, python': () => runNixlLoop(environment, transfer),
        read: own({ op: 'READ' }),
        'read, python': () => runNixlLoop(environment, { ...transfer, op: 'READ' }),
        contiguous: own({ blockBytes: BLOCKS * transfer.blockBytes, blocks: 1 }),
      },
      context.say,
    )
    const ratio = (name: string, values: readonly number[]): Figure => ({
      name,
      unit: 'x',
      values,
      goal: atMost(1),
    })
    const figures: Figure[] = [
      ratio(
        'WRITE of 4096 x 16 KiB, binary / Python NIXL loop, p50',
        ratios(samples.write, samples['write, python']),
      ),
      ratio(
        'READ of 4096 x 16 KiB, binary / Python NIXL loop, p50',
        ratios(samples.read, samples['read, python']),
      ),
      ratio('WRITE, four requests / one request, p50', ratios(samples.write, samples['write, one request'])),
      {
        name: 'WRITE, 4096 blocks / the same bytes in one block, p50',
        unit: 'x',
        values: ratios(samples.write, samples.contiguous),
      },
    ]
    return { figures, samples }
  },
}
