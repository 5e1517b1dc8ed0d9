/**
 * One transfer: a target pod and an initiator pod on two nodes, from claim to RESULT to release.
 * Takes a target, a placement as a template and a plan; gives the outcome with both read-back allocations.
 * Leaves no pod and no claim behind, whatever happens.
 */
import { randomBytes, randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ResourceClaimTemplate } from '../dra/objects.ts'
import { resolveAllocation, type AllocatedClaim } from '../claim/allocated-claim.ts'
import { ClaimcheckError } from '../core/errors.ts'
import { ContentionError } from '../scheduling/contention-error.ts'
import type { Journal } from '../core/journal.ts'
import { seconds, type Bytes, type Seconds } from '../core/units.ts'
import type { RunningPod, ScheduledPod } from '../scheduling/pod.ts'
import type { Target } from '../targets/target.ts'
import { RELEASE_TIMEOUT, withPodLease } from './pod-lease.ts'
import type { TransferResult } from './result.ts'
import { TransferLog, type TransferEvent } from './transfer-log.ts'

export const PORT = 5555
export const CONTAINER = 'transfer'
export const SCHEDULE_TIMEOUT = seconds(120)
export const START_TIMEOUT = seconds(120)
/** What the binary gets beyond its own deadline to say that it missed it, in seconds. */
const REPORTING_GRACE_SECONDS = 10
const PEER_ERROR_GRACE_SECONDS = 3
/** Before a run that gave way tries again. */
const MAX_BACKOFF_MS = 5000

export interface TransferPlan {
  /** Names pods and claims: `aligned-0`. */
  readonly name: string
  readonly op: 'WRITE' | 'READ'
  /** One buffer a GPU, each by its own NIC. */
  readonly devices: readonly string[]
  readonly bytesPerDevice: Bytes
  readonly iters: number
  readonly warmupIters: number
  /** From the initiator's start to its last line. */
  readonly within: Seconds
  /** Where the two pods go; absent: any two nodes. */
  readonly nodes?: { readonly initiator: string; readonly target: string }
}

export interface Endpoint {
  readonly node: string
  readonly allocated: AllocatedClaim
}

export interface TransferOutcome {
  readonly result: TransferResult
  readonly initiator: Endpoint
  readonly target: Endpoint
  /** Wall time of the phases around the transfer. */
  readonly phases: Readonly<Record<'schedule' | 'start' | 'transfer' | 'release', Seconds>>
}

export interface TransferContext {
  readonly target: Target
  readonly journal: Journal
  readonly signal?: AbortSignal | undefined
  readonly onEvent?: (event: TransferEvent) => void
  /** Told each allocation before its pod is run; what it throws ends the transfer before any figure. */
  readonly verifyAllocation: (allocated: AllocatedClaim) => void
}

/** Rejects with what went wrong first: an unsatisfiable claim, a pod that failed, the binary's own error, a broken RESULT. */
export async function transferBetweenNodes(
  template: ResourceClaimTemplate,
  plan: TransferPlan,
  context: TransferContext,
): Promise<TransferOutcome> {
  const { target, journal, signal } = context
  const clock = stopwatch()
  const secret = randomBytes(32).toString('hex')
  const slices = await target.slices()
  const schedule = async (
    lent: ScheduledPod[],
    role: 'target' | 'initiator',
    args: readonly string[],
  ): Promise<{ pod: ScheduledPod; end: Endpoint }> => {
    const pod = await target.schedule(
      {
        name: `${plan.name}-${role}`,
        group: plan.name,
        template: template.metadata.name,
        containers: [{ name: CONTAINER, args, secretEnv: { TRANSFER_SECRET: secret } }],
        ...(plan.nodes === undefined ? {} : { nodes: [plan.nodes[role]] }),
      },
      { within: SCHEDULE_TIMEOUT, signal },
    )
    lent.push(pod)
    const allocated = resolveAllocation(pod.claim, slices)
    context.verifyAllocation(allocated)
    return { pod, end: { node: pod.node, allocated } }
  }
  const both = async (lent: ScheduledPod[]) => {
    const receiver = await schedule(lent, 'target', argsOf('target', plan))
    const listening = await target.run(receiver.pod, { within: START_TIMEOUT, signal })
    const args = [...argsOf('initiator', plan), '--target-host', listening.address]
    return { receiver, listening, sender: await schedule(lent, 'initiator', args) }
  }
  const outcome = await withPodLease(context, plan.name, async (lent) => {
    await target.apply(template)
    const releaseAll = async (): Promise<void> => {
      journal.record('gave-way', plan.name)
      await target.release(lent.splice(0), { within: RELEASE_TIMEOUT, signal })
    }
    const { receiver, listening, sender } = await retryOnContention(() => both(lent), releaseAll)
    clock.lap('schedule')
    const sending = await target.run(sender.pod, { within: START_TIMEOUT, signal })
    clock.lap('start')
    const ends = {
      receiver: { pod: listening, container: CONTAINER },
      sender: { pod: sending, container: CONTAINER },
    }
    const result = await followTransfer(ends, plan, context)
    clock.lap('transfer')
    return { result, initiator: sender.end, target: receiver.end }
  })
  clock.lap('release')
  return { ...outcome, phases: clock.phases }
}

/**
 * Two runs that each hold one node of a pair and wait for the other's would wait for ever: whoever notices gives back what it
 * has and tries again a little later, a random time, for as long as scheduling may take.
 */
async function retryOnContention<T>(attempt: () => Promise<T>, giveBack: () => Promise<void>): Promise<T> {
  const until = performance.now() + SCHEDULE_TIMEOUT * 1000
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof ContentionError) || performance.now() > until) throw error
      await giveBack()
      await sleep(randomInt(MAX_BACKOFF_MS))
    }
  }
}

export function argsOf(mode: 'target' | 'initiator', plan: TransferPlan): readonly string[] {
  const options: Record<string, string | number> = {
    mode,
    port: PORT,
    op: plan.op,
    devices: plan.devices.join(','),
    nics: 'claimed',
    'block-size': plan.bytesPerDevice,
    'batch-size': 1,
    iters: plan.iters,
    'warmup-iters': plan.warmupIters,
    'timeout-seconds': Math.ceil(plan.within),
  }
  return [...Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]), '--progress']
}

export interface TransferSide {
  readonly pod: RunningPod
  readonly container: string
}

/** Follows both logs to their ends. Rejects with the error that came first of itself. */
export async function followTransfer(
  { receiver, sender }: { readonly receiver: TransferSide; readonly sender: TransferSide },
  plan: Pick<TransferPlan, 'name' | 'within'>,
  context: Pick<TransferContext, 'target' | 'signal' | 'onEvent'>,
): Promise<TransferResult> {
  const over = new AbortController()
  const limit = AbortSignal.timeout(Math.ceil((plan.within + REPORTING_GRACE_SECONDS) * 1000))
  const signals = [over.signal, limit, ...(context.signal === undefined ? [] : [context.signal])]
  const follow = async ({ pod, container }: TransferSide): Promise<TransferLog> => {
    const transcript = new TransferLog(`pod ${pod.spec.name} on ${pod.node}`)
    for await (const line of context.target.log(pod, container, AbortSignal.any(signals))) {
      const event = transcript.add(line)
      if (event !== undefined) context.onEvent?.(event)
    }
    return transcript
  }
  try {
    const receiving = follow(receiver)
    const sending = follow(sender)
    // A receiver that failed is waited for by nobody: its peer gets a moment to say its last words.
    void receiving.then(
      (received) =>
        received.error() &&
        sleep(PEER_ERROR_GRACE_SECONDS * 1000, undefined, { ref: false }).then(() => over.abort()),
      () => over.abort(),
    )
    const [received, sent] = await Promise.all([receiving, sending])
    const errors = [received.error(), sent.error()].filter(
      (error) => error !== undefined && error.code !== 'DATA_CORRUPT',
    )
    const cause = errors.find((error) => !isAboutPeer(error)) ?? errors[0]
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
    over.abort()
  }
}

/** Such an error only tells that the other side had one. */
function isAboutPeer(error: ClaimcheckError | undefined): boolean {
  return ['PEER_GONE', 'PEER_ABSENT'].includes(String(error?.details['code']))
}

export function stopwatch() {
  let last = performance.now()
  const phases = { schedule: seconds(0), start: seconds(0), transfer: seconds(0), release: seconds(0) }
  return {
    phases,
    lap(phase: keyof typeof phases): void {
      const now = performance.now()
      phases[phase] = seconds((now - last) / 1000)
      last = now
    },
  }
}
