/** Follows the logs of both sides of a transfer to their ends and returns the RESULT that the initiator printed. */
import { setTimeout as sleep } from 'node:timers/promises'
import { ClaimcheckError } from '../core/errors.ts'
import type { Seconds } from '../core/units.ts'
import type { RunningPod } from '../scheduling/pod.ts'
import type { Target } from '../targets/target.ts'
import type { TransferResult } from './result.ts'
import { TransferLog, type TransferEvent } from './transfer-log.ts'

/** Time in which the binary may still report that it missed its own deadline. */
const REPORTING_GRACE_SECONDS = 10
/** Time in which a side may still report its own error after the other side has failed or ended. */
const PEER_ERROR_GRACE_SECONDS = 3
/** Events of one log that are passed on; they only show progress. */
const MOST_EVENTS = 5000

export interface FollowedTransfer {
  readonly name: string
  /** From the initiator's start to its last line. */
  readonly within: Seconds
}

export interface FollowedSide {
  readonly pod: RunningPod
  readonly container: string
  /** Signs the RESULT of this side. */
  readonly logKey?: string
}

interface FollowContext {
  readonly target: Pick<Target, 'log'>
  readonly signal?: AbortSignal | undefined
  readonly onEvent?: (event: TransferEvent) => void
}

/**
 * When both sides report an error, rejects with the cause rather than with the peer's report of its absence. Rejects with
 * DEADLINE or INTERRUPTED when a log did not end in time, and with the errors of `TransferLog.result`.
 */
export async function followTransfer(
  { receiver, sender }: { readonly receiver: FollowedSide; readonly sender: FollowedSide },
  plan: FollowedTransfer,
  context: FollowContext,
): Promise<TransferResult> {
  const stop = new AbortController()
  const limit = AbortSignal.timeout(Math.ceil((plan.within + REPORTING_GRACE_SECONDS) * 1000))
  const signals = [stop.signal, limit, ...(context.signal === undefined ? [] : [context.signal])]
  const follow = async ({ pod, container, logKey }: FollowedSide): Promise<TransferLog> => {
    const log = new TransferLog(`pod ${pod.spec.name} on ${pod.node}`, logKey)
    let events = 0
    for await (const line of context.target.log(pod, container, AbortSignal.any(signals))) {
      const event = log.add(line)
      if (event !== undefined && ++events <= MOST_EVENTS) context.onEvent?.(event)
    }
    return log
  }
  const stopSoon = (): Promise<void> =>
    sleep(PEER_ERROR_GRACE_SECONDS * 1000, undefined, { ref: false }).then(() => stop.abort())
  try {
    const receiving = follow(receiver)
    const sending = follow(sender)
    void receiving.then(
      (received) => received.error() && stopSoon(),
      () => stop.abort(),
    )
    // The receiver would wait until its deadline for a sender that has ended early.
    void sending.then(stopSoon, () => stop.abort())
    const [received, sent] = await Promise.all([receiving, sending])
    if (context.signal?.aborted) {
      throw new ClaimcheckError('INTERRUPTED', {
        subject: `transfer ${plan.name}`,
        problem: 'was interrupted',
      })
    }
    const cause = causeOf([received, sent])
    if (cause !== undefined) throw cause
    if (limit.aborted) {
      throw new ClaimcheckError('DEADLINE', {
        subject: `transfer ${plan.name}`,
        problem: `did not end within ${Math.ceil(plan.within)} s`,
        hint: "Look at the pods' logs in the report.",
      })
    }
    const result = sent.result()
    const unconfirmed = result.corrupt.length === 0 && [received, sent].find((log) => log.reportsCorruption)
    if (unconfirmed) throw unconfirmed.contradicts('reported corrupted data that the RESULT does not list')
    return result
  } finally {
    stop.abort()
  }
}

function causeOf(logs: readonly TransferLog[]): ClaimcheckError | undefined {
  const failed = logs.filter((log) => log.error() !== undefined)
  return (failed.find((log) => !log.reportsLostPeer) ?? failed[0])?.error()
}
