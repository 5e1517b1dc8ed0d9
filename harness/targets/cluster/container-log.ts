/**
 * What a container prints, line by line from its start. Takes a pod that runs; gives every line once, and ends with the
 * last line of a transfer or when the container has ended. A connection that breaks is taken up again after the last whole line.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { ClaimcheckError } from '../../core/errors.ts'
import { seconds } from '../../core/units.ts'
import { isTransient, backoffAfter, type Api } from './api-client.ts'
import { isGone, statusCodeOf } from './api-error.ts'
import { operationOn } from './object-client.ts'
import type { Pod } from './object-schemas.ts'
import * as resources from './api-resources.ts'
import { isOnLostNode, nodeLost, rejectIfKilled, rejectIfLost, statusOf } from './pod-status.ts'
import type { Informer } from './informer.ts'

const DAY = seconds(24 * 60 * 60)
/** Between the end of the output and the kubelet's word that the container has ended. */
const LAST_WORD = seconds(10)
const NODE_BACK = seconds(30)
const PAUSE_MS = 500
/** The last line of every transfer. */
const LAST_LINE = 'END '

export interface LogSource {
  readonly api: Api
  readonly pods: Informer<Pod>
  readonly namespace: string
  readonly pod: string
  readonly container: string
  /** Aborted: the log ends where it is. */
  readonly signal: AbortSignal
}

/** Rejects with POD_FAILED where the pod was killed, evicted, deleted or lost with its node. */
export async function* followLog(source: LogSource): AsyncGenerator<string> {
  const { pods, pod, container } = source
  const lost = new AbortController()
  const over = AbortSignal.any([source.signal, lost.signal])
  let failure: unknown
  const guard = guarded(pods, pod, over).catch((error: unknown) => {
    if (over.aborted) return
    failure = error
    lost.abort()
  })
  let given = 0
  let last = ''
  const own = { ...source, signal: over }
  try {
    for (let follow = true; ;) {
      for await (const line of read(own, follow, given)) {
        given++
        last = line
        yield line
        // Kubernetes says a second later that the stream has ended.
        if (line.startsWith(LAST_LINE)) break
      }
      if (over.aborted || last.startsWith(LAST_LINE) || !follow) break
      // A server that goes away may end the stream as if all had been said: only the kubelet's word counts.
      follow = !(await hasEnded(own))
    }
  } finally {
    lost.abort()
    await guard
  }
  if (failure !== undefined) throw failure
  const now = pods.get(pod)
  if (now !== undefined && !source.signal.aborted) rejectIfKilled(now, container)
}

/** Never resolves; rejects once the pod is lost, or `signal` fires. */
async function guarded(pods: Informer<Pod>, pod: string, signal: AbortSignal): Promise<never> {
  const wait = { subject: `pod ${pod}`, until: 'to get lost', signal }
  for (;;) {
    await pods.until(() => (isOnLostNode(whole(pods, pod)) ? true : undefined), { ...wait, within: DAY })
    // A control plane that was away itself takes its nodes for lost until they have reported again.
    const back = await pods
      .until(() => (isOnLostNode(whole(pods, pod)) ? undefined : true), { ...wait, within: NODE_BACK })
      .catch((error: unknown) => {
        if (error instanceof ClaimcheckError && error.code === 'DEADLINE') return false
        throw error
      })
    if (!back) throw nodeLost(presentLines(pods, pod), NODE_BACK)
  }
}

function whole(pods: Informer<Pod>, name: string): Pod {
  const pod = presentLines(pods, name)
  rejectIfLost(pod)
  return pod
}

/** One connection, without the first `skip` lines. Ends early where it breaks. */
async function* read(source: LogSource, follow: boolean, skip: number): AsyncGenerator<string> {
  const { api, namespace, pod, container, signal } = source
  const request = {
    ...operationOn('get', { resource: resources.pods, namespace, name: pod, subresource: 'log' }),
    query: { container, ...(follow ? { follow: 'true' } : {}) },
    signal,
  }
  api.count(request)
  let seen = 0
  let rest = ''
  try {
    const response = await api.open(request)
    response.setEncoding('utf8')
    for await (const chunk of response) {
      const lines = `${rest}${String(chunk)}`.split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) if (++seen > skip) yield line
    }
    // Half a line is the last one only where the container has ended.
    if (!follow && rest !== '') yield rest
  } catch (error) {
    if (signal.aborted) return
    if (!isTransient(error) && statusCodeOf(error) !== 400 && !isGone(error))
      throw api.unreachable(request, error)
    await sleep(backoffAfter(error) ?? PAUSE_MS, undefined, { signal }).catch(() => undefined)
  }
}

async function hasEnded({ pods, pod, container, signal }: LogSource): Promise<boolean> {
  return pods
    .until(
      () =>
        statusOf(presentLines(pods, pod), container)?.state?.terminated === undefined ? undefined : true,
      {
        subject: `container ${pod}/${container}`,
        until: 'to end',
        within: LAST_WORD,
        signal,
      },
    )
    .catch((error: unknown) => {
      if (error instanceof ClaimcheckError && ['DEADLINE', 'INTERRUPTED'].includes(error.code)) return false
      throw error
    })
}

export function presentLines(pods: Informer<Pod>, name: string): Pod {
  const pod = pods.get(name)
  if (pod !== undefined) return pod
  throw new ClaimcheckError('POD_FAILED', {
    subject: `pod ${name}`,
    problem: 'is gone: somebody deleted it',
    hint: 'Look at the events of its Namespace in the evidence.',
  })
}
