/** One transfer between the two sides: a target pod at the right and an initiator pod at the left. */
import { reportedErrorSchema, type ReportedError } from '../../../harness/core/reported-error.ts'
import { TransferLog } from '../../../harness/transfer/transfer-log.ts'
import { startPod, type PodOptions, type Rails, type RunningPod, type Side } from './rails.ts'
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
  /** Rails that both ends claim; default: all. */
  readonly over?: readonly number[]
  /** Called when the warm-up is over, while bytes move. */
  readonly during?: (pods: Readonly<Record<Side, RunningPod>>) => Promise<unknown>
}

export interface EndOfTransfer extends ScriptResult {
  readonly log: TransferLog
  /** The binary's own ERROR line. */
  readonly error: ReportedError | undefined
}

type EndsOfTransfer = Readonly<Record<Side, EndOfTransfer>>

/** Resolves when both pods have ended, whatever came of it. */
export async function transfer(
  rails: Rails,
  { args = {}, left = {}, right = {}, over, during }: PairOptions = {},
): Promise<EndsOfTransfer> {
  const options = Object.entries({ ...DEFAULTS, ...args }).flatMap(([name, value]) => [
    `--${name}`,
    `${value}`,
  ])
  const pod = (side: Side, own: readonly string[], { env, ...rest }: PodOptions): RunningPod =>
    startPod(rails, side, [...own, ...options], {
      ...(over === undefined ? {} : { claimed: over.map((rail) => rails.device(side, rail)) }),
      ...rest,
      env: { ...env, TRANSFER_SECRET: SECRET },
    })
  const pods = {
    right: pod('right', ['--mode', 'target'], right),
    left: pod('left', ['--mode', 'initiator', '--target-host', rails.address('right')], left),
  }
  if (during !== undefined && (await pods.left.prints('warmup_done'))) await during(pods)
  const [atRight, atLeft] = await Promise.all([pods.right.ended, pods.left.ended])
  return { left: endOf(rails.namespace('left'), atLeft), right: endOf(rails.namespace('right'), atRight) }
}

/** One end alone, for errors that come before the other end is needed. */
export async function startAlone(
  rails: Rails,
  side: Side,
  { args = {}, ...pod }: PodOptions & Pick<PairOptions, 'args'> = {},
): Promise<EndOfTransfer> {
  const own =
    side === 'left' ? { mode: 'initiator', 'target-host': rails.address('right') } : { mode: 'target' }
  const options = Object.entries({ ...own, ...DEFAULTS, ...args })
  const words = options.flatMap(([name, value]) => [`--${name}`, `${value}`])
  const env = { ...pod.env, TRANSFER_SECRET: SECRET }
  return endOf(rails.namespace(side), await startPod(rails, side, words, { ...pod, env }).ended)
}

function endOf(subject: string, result: ScriptResult): EndOfTransfer {
  const log = new TransferLog(subject)
  for (const line of result.stdout.split('\n')) log.add(line)
  const error = /^ERROR (.*)$/m.exec(result.stdout)?.[1]
  return {
    ...result,
    log,
    error: error === undefined ? undefined : reportedErrorSchema.parse(JSON.parse(error)),
  }
}
