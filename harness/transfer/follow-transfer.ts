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
/** Time in which the sender may still report its own error after the receiver failed. */
const PEER_ERROR_GRACE_SECONDS = 3

export interface FollowedTransfer {
  readonly name: string
  /** From the initiator's start to its last line. */
  readonly within: Seconds
}

export interface FollowedSide {
  readonly pod: RunningPod
  readonly container: string
}

interface FollowContext {
  readonly target: Target
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
  const follow = async ({ pod, container }: FollowedSide): Promise<TransferLog> => {
    const log = new TransferLog(`pod ${pod.spec.name} on ${pod.node}`)
    for await (const line of context.target.log(pod, container, AbortSignal.any(signals))) {
      const event = log.add(line)
      if (event !== undefined) context.onEvent?.(event)
    }
    return log
  }
  try {
    const receiving = follow(receiver)
    const sending = follow(sender)
    void receiving.then(
      (received) =>
        received.error() &&
        sleep(PEER_ERROR_GRACE_SECONDS * 1000, undefined, { ref: false }).then(() => stop.abort()),
      () => stop.abort(),
    )
    const [received, sent] = await Promise.all([receiving, sending])
    const cause = causeOf([received, sent])
    if (cause !== undefined) throw cause
    if (limit.aborted) {
      throw new ClaimcheckError('DEADLINE', {
        subject: `transfer ${plan.name}`,
        problem: `did not end within ${Math.ceil(plan.within)} s`,
        hint: "Look at the pods' logs in the report.",
      })
    }
    if (context.signal?.aborted) {
      throw new ClaimcheckError('INTERRUPTED', {
        subject: `transfer ${plan.name}`,
        problem: 'was interrupted',
      })
    }
    return sent.result()
  } finally {
    stop.abort()
  }
}

/** DATA_CORRUPT is no error here: the RESULT tells which bytes changed, and an expectation judges it. */
function causeOf(logs: readonly TransferLog[]): ClaimcheckError | undefined {
  const failed = logs.filter((log) => log.error() !== undefined && log.error()?.code !== 'DATA_CORRUPT')
  return (failed.find((log) => !log.reportsLostPeer) ?? failed[0])?.error()
}
