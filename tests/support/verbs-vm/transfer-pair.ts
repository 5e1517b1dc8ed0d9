/** One transfer between the two sides: a target pod at the right and an initiator pod at the left. */
import { reportedErrorSchema, type ReportedError } from '../../../harness/core/reported-error.ts'
import { TransferLog } from '../../../harness/transfer/transfer-log.ts'
import { startPod, type PodOptions, type Rails, type RunningPod, type Side } from './rails.ts'
import type { ScriptResult } from './vm.ts'

const SECRET = 'f'.repeat(64)
/** Emulated processors: small blocks, few iterations. */
const DEFAULTS = {
  'block-size': 262_144,
  iters: 4,
  'warmup-iters': 1,
  'timeout-seconds': 120,
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

/** Resolves when both pods have ended, whatever came of it. */
export async function transfer(
  rails: Rails,
  { args = {}, left = {}, right = {}, during }: PairOptions = {},
): Promise<Readonly<Record<Side, EndOfTransfer>>> {
  const options = Object.entries({ ...DEFAULTS, ...args }).flatMap(([name, value]) => [
    `--${name}`,
    `${value}`,
  ])
  const pod = (side: Side, own: readonly string[], { env, ...rest }: PodOptions): RunningPod =>
    startPod(rails, side, [...own, ...options], { ...rest, env: { ...env, TRANSFER_SECRET: SECRET } })
  const pods = {
    right: pod('right', ['--mode', 'target'], right),
    left: pod('left', ['--mode', 'initiator', '--target-host', rails.address('right')], left),
  }
  if (during !== undefined && (await pods.left.prints('warmup_done'))) await during(pods)
  const [atRight, atLeft] = await Promise.all([pods.right.ended, pods.left.ended])
  return { left: endOf(rails.namespace('left'), atLeft), right: endOf(rails.namespace('right'), atRight) }
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
