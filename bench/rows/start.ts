/** Measures the time from the start of the binary until its memory can be written to. */
import { atMost, type Row } from '../figure.ts'
import { provideTransfer, startTarget } from '../programs/transfer.ts'
import { interleave } from '../rounds.ts'

const BLOCK_BYTES = 256 * 2 ** 20
/** The phases of the start as the binary names them, in order. */
const PARTS = ['library', 'agents', 'backends', 'memory', 'registration']

export const start: Row = {
  name: 'start',
  about: 'process start to target_ready, 256 MiB a stream',
  async measure(context) {
    const program = await provideTransfer(context)
    const measured = await interleave(
      context.rounds,
      {
        '1 stream': () => startTarget(program, 1, BLOCK_BYTES),
        '4 streams': () => startTarget(program, 4, BLOCK_BYTES),
      },
      context.say,
    )
    const figures = Object.entries(measured).flatMap(([streams, starts]) => [
      {
        name: `start to ready, ${streams} of 256 MiB`,
        unit: 's' as const,
        values: starts.map(({ seconds }) => seconds),
        goal: atMost(1),
      },
      ...PARTS.map((part) => ({
        name: `  of it ${part}`,
        unit: 's' as const,
        values: starts.map(({ parts }) => parts[part] ?? Number.NaN),
      })),
    ])
    return { figures, samples: measured }
  },
}
