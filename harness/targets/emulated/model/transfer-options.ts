/** Parses those options of the transfer binary that the model runtime supports. */
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { ClaimcheckError } from '../../../core/errors.ts'

const optionsSchema = z.object({
  mode: z.enum(['target', 'initiator', 'devices', 'topo']),
  'target-host': z.string().optional(),
  op: z.enum(['WRITE', 'READ']).default('WRITE'),
  devices: z.string().default('cuda:0'),
  'block-size': z.coerce.number().int().min(1).default(268_435_456),
  'batch-size': z.coerce.number().int().min(1).default(1),
  iters: z.coerce.number().int().min(1).default(100),
  'warmup-iters': z.coerce.number().int().min(0).default(20),
})

export interface TransferOptions {
  readonly mode: 'target' | 'initiator' | 'devices' | 'topo'
  readonly targetHost: string | undefined
  readonly op: 'WRITE' | 'READ'
  readonly devices: readonly string[]
  readonly blockSize: number
  readonly batchSize: number
  readonly bothWays: boolean
  readonly iters: number
  readonly warmupIters: number
}

/** Throws TRANSFER_FAILED for invalid options, as the binary does. */
export function parseOptions(args: readonly string[], subject: string): TransferOptions {
  const { values } = parseArgs({
    args: [...args],
    strict: false,
    options: Object.fromEntries(
      Object.keys(optionsSchema.shape).map((name) => [name, { type: 'string' as const }]),
    ),
  })
  const parsed = optionsSchema.safeParse(values)
  if (!parsed.success) {
    throw new ClaimcheckError('TRANSFER_FAILED', {
      subject,
      problem: 'has invalid options',
      found: z.prettifyError(parsed.error),
      details: { code: 'BAD_OPTION' },
    })
  }
  const options = parsed.data
  return {
    mode: options.mode,
    targetHost: options['target-host'],
    op: options.op,
    devices: options.devices.split(','),
    blockSize: options['block-size'],
    batchSize: options['batch-size'],
    bothWays: args.includes('--both-ways'),
    iters: options.iters,
    warmupIters: options['warmup-iters'],
  }
}
