/**
 * Runs one transfer: applies the claim template, schedules and starts the pods, follows both logs to the RESULT, and releases
 * the pods. Transfers between nodes and transfers over GPU links differ only in the pods they schedule.
 */
import { ClaimcheckError } from '../core/errors.ts'
import type { Journal } from '../core/journal.ts'
import type { Bytes } from '../core/units.ts'
import type { ResourceClaimTemplate } from '../dra/objects.ts'
import { followTransfer, type FollowedTransfer } from './follow-transfer.ts'
import { withPodLease, type LeasedPod, type PodLease, type PodLeaseContext } from './pod-lease.ts'
import { PhaseStopwatch, type Endpoint, type TransferOutcome } from './transfer-outcome.ts'
import type { RunningPod } from '../scheduling/pod.ts'
import type { TransferResult } from './result.ts'
import type { TransferEvent } from './transfer-log.ts'

/** The TCP port on which the target side of the binary listens. */
export const PORT = 5555

/** What the binary is asked to do. */
export interface AskedTransfer extends FollowedTransfer {
  readonly op: 'WRITE' | 'READ'
  /** Of each device's buffer. */
  readonly blocks: { readonly count: number; readonly size: Bytes }
  readonly iters: number
  readonly warmupIters: number
}

export interface TransferContext extends PodLeaseContext {
  readonly journal: Journal
  readonly onEvent?: (event: TransferEvent) => void
  readonly verifyAllocation: NonNullable<PodLeaseContext['verifyAllocation']>
}

/** One side of a transfer: a container of a pod. Both sides may share a pod. */
interface TransferSide {
  readonly pod: LeasedPod
  readonly container: string
}

export interface TransferSides {
  readonly initiator: TransferSide & { readonly logKey: string }
  readonly target: TransferSide
}

/**
 * `scheduleSides` schedules the pods of both sides on the lease it is given. Rejects with the first error: a claim that cannot
 * be satisfied, a pod that failed, an error that the binary reported, or an invalid RESULT. No pod and no claim outlives the
 * call, unless the release itself fails.
 */
export async function runTransfer(
  template: ResourceClaimTemplate,
  plan: AskedTransfer,
  context: TransferContext,
  scheduleSides: (lease: PodLease) => Promise<TransferSides>,
): Promise<TransferOutcome> {
  const stopwatch = new PhaseStopwatch()
  const outcome = await withPodLease(context, plan.name, async (lease) => {
    await lease.slices()
    await context.target.apply(template)
    const { initiator, target } = await scheduleSides(lease)
    stopwatch.lap('schedule')
    const receiver = { pod: await target.pod.running(), container: target.container }
    const { container, logKey } = initiator
    const sender = { pod: await initiator.pod.running(), container, logKey }
    stopwatch.lap('start')
    const result = await followTransfer({ receiver, sender }, plan, context)
    requireAsked(result, plan, sender.pod)
    stopwatch.lap('transfer')
    return { result, initiator: endpointOf(initiator), target: endpointOf(target) }
  })
  stopwatch.lap('release')
  return { ...outcome, phases: stopwatch.phases }
}

/** Throws RESULT_INVALID for the RESULT of another transfer than the one that was asked for. */
function requireAsked(result: TransferResult, plan: AskedTransfer, { spec, node }: RunningPod): void {
  const pairs = [
    ['op', plan.op, result.op],
    ['block_size', plan.blocks.size, result.block_size],
    ['batch_size', plan.blocks.count, result.batch_size],
    ['iters', plan.iters, result.iters],
    ['warmup_iters', plan.warmupIters, result.warmup_iters],
  ] as const
  const other = pairs.find(([, asked, done]) => asked !== done)
  if (other === undefined) return
  const [name, asked, done] = other
  throw new ClaimcheckError('RESULT_INVALID', {
    subject: `pod ${spec.name} on ${node}`,
    problem: 'printed the RESULT of another transfer',
    expected: `${name} ${asked}`,
    found: String(done),
    hint: 'The transfer is not used. Check which program runs in the pod.',
  })
}

const endpointOf = ({ pod: { node, allocated } }: TransferSide): Endpoint => ({ node, allocated })

/** The binary's options for the blocks of a buffer. Several are scattered, since those of a paged cache are no neighbours. */
export const blockOptions = ({
  blocks,
}: Pick<AskedTransfer, 'blocks'>): Readonly<Record<string, string | number>> => ({
  'block-size': blocks.size,
  'batch-size': blocks.count,
  ...(blocks.count === 1 ? {} : { 'block-order': 'scattered' }),
})

/** The binary's arguments as a command line: `--name value` for each option, and `--name` for `true`. */
export const commandLine = (options: Readonly<Record<string, string | number | true>>): readonly string[] => [
  ...Object.entries(options).flatMap(([name, value]) =>
    value === true ? [`--${name}`] : [`--${name}`, String(value)],
  ),
  '--progress',
]
