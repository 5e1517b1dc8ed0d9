/** One transfer between the two sides: a target pod at the right and an initiator pod at the left. */
import { reportedErrorSchema, type ReportedError } from '../../../harness/core/reported-error.ts'
import { TransferLog } from '../../../harness/transfer/transfer-log.ts'
import { startPod, type PodOptions, type RunningPod } from './pod.ts'
import type { Rails, Side } from './rails.ts'
import type { ScriptResult } from './vm.ts'

/**
 * Soft-RoCE devices have no PCI device, which is what UCX tells the interfaces of one process apart by. With `all`, UCX would
 * also pair NICs of different rails, once a low MTU at one end changes their order.
 */
export const SEVERAL_DEVICES: PodOptions = { env: { UCX_IB_ROCE_REACHABILITY_MODE: 'local_subnet' } }

const SECRET = 'f'.repeat(64)
/** Emulated processors: small blocks, few iterations. */
const DEFAULTS = {
  'block-size': 262_144,
  iters: 4,
  'warmup-iters': 1,
  'timeout-seconds': 300,
  nics: 'claimed',
  devices: 'dram:0',
}

type TransferArgs = Readonly<Partial<Record<string, string | number>>>

export interface PairOptions {
  /** Options of both ends, without dashes. */
  readonly args?: TransferArgs
  readonly left?: PodOptions
  readonly right?: PodOptions
  /** Called when the warm-up is over, while bytes move. */
  readonly during?: (pods: Readonly<Record<Side, RunningPod>>) => Promise<unknown>
}

export interface EndOfTransfer extends ScriptResult {
  readonly log: TransferLog
  /** The binary's own ERROR line. */
  readonly error: ReportedError | undefined
}

export const errorOf = ({ error }: EndOfTransfer): { readonly code?: string; readonly message: string } => ({
  ...(error === undefined ? {} : { code: error.code }),
  message: error?.message ?? '',
})

type EndsOfTransfer = Readonly<Record<Side, EndOfTransfer>>

/** Resolves when both pods have ended, whatever came of it. Both claim all of the rails. */
export async function transfer(
  rails: Rails,
  { args, left, right, during }: PairOptions = {},
): Promise<EndsOfTransfer> {
  const pods = { right: start(rails, 'right', args, right), left: start(rails, 'left', args, left) }
  if (during !== undefined && (await pods.left.prints('warmup_done'))) await during(pods)
  const [atRight, atLeft] = await Promise.all([pods.right.ended, pods.left.ended])
  return { left: endOf(rails, 'left', atLeft), right: endOf(rails, 'right', atRight) }
}

/** One end alone, for errors that come before the other end is needed. */
export async function startAlone(
  rails: Rails,
  side: Side,
  { args, ...pod }: PodOptions & Pick<PairOptions, 'args'> = {},
): Promise<EndOfTransfer> {
  return endOf(rails, side, await start(rails, side, args, pod).ended)
}

function start(rails: Rails, side: Side, args: TransferArgs = {}, pod: PodOptions = {}): RunningPod {
  const role =
    side === 'left' ? { mode: 'initiator', 'target-host': rails.address('right') } : { mode: 'target' }
  const options = Object.entries({ ...role, port: rails.port, ...DEFAULTS, ...args })
  const words = options.flatMap(([name, value]) => [`--${name}`, `${value}`])
  return startPod(rails, side, words, { ...pod, env: { ...pod.env, TRANSFER_SECRET: SECRET } })
}

function endOf(rails: Rails, side: Side, result: ScriptResult): EndOfTransfer {
  const log = new TransferLog(rails.namespace(side))
  for (const line of result.stdout.split('\n')) log.add(line)
  const error = /^ERROR (.*)$/m.exec(result.stdout)?.[1]
  return {
    ...result,
    log,
    error: error === undefined ? undefined : reportedErrorSchema.parse(JSON.parse(error)),
  }
}
