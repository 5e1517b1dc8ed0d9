/**
 * Follows the log of a container from its start. Every line is yielded once: after a broken connection the log is read again
 * and the lines that were yielded before are skipped. The log ends with the last line of a transfer or with the container.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { ClaimcheckError } from '../../core/errors.ts'
import { seconds } from '../../core/units.ts'
import { LineSplitter, LogBudget } from '../log-limits.ts'
import { isTransient, retryDelayMs, type Api } from './api-client.ts'
import { ApiError } from './api-error.ts'
import { operationOn } from './object-client.ts'
import type { Pod } from './object-schemas.ts'
import * as resources from './api-resources.ts'
import { isOnLostNode, nodeLost, rejectIfKilled, rejectIfLost, statusOf } from './pod-status.ts'
import type { Informer } from './informer.ts'

const DAY = seconds(24 * 60 * 60)
/** How long after the end of a log stream the kubelet may take to report that the container has terminated. */
const TERMINATION_TIMEOUT = seconds(10)
/** How long a node may be unreachable before its pods count as lost. */
const NODE_RECOVERY_TIMEOUT = seconds(30)
const RETRY_MS = 500
/** The last line of every transfer. */
const LAST_LINE = 'END '

export interface LogSource {
  readonly api: Api
  readonly pods: Informer<Pod>
  readonly namespace: string
  readonly pod: string
  readonly container: string
  /** Ends the log when it is aborted. */
  readonly signal: AbortSignal
}

/** Rejects with POD_FAILED if the pod is killed, evicted, deleted or lost with its node. */
export async function* followLog(source: LogSource): AsyncGenerator<string> {
  const { pods, pod, container } = source
  const lost = new AbortController()
  const ended = AbortSignal.any([source.signal, lost.signal])
  let failure: unknown
  const guard = rejectWhenLost(pods, pod, ended).catch((error: unknown) => {
    if (ended.aborted) return
    failure = error
    lost.abort()
  })
  let yielded = 0
  let last = ''
  const own = { ...source, signal: ended }
  try {
    for (let follow = true; ;) {
      for await (const line of read(own, follow, yielded)) {
        yielded++
        last = line
        yield line
        // The kubelet ends the stream only a second later.
        if (line.startsWith(LAST_LINE)) break
      }
      if (ended.aborted || last.startsWith(LAST_LINE) || !follow) break
      // A server that shuts down ends the stream as well, so only the status from the kubelet counts.
      follow = !(await hasTerminated(own))
    }
  } finally {
    lost.abort()
    await guard
  }
  if (failure !== undefined) throw failure
  const current = pods.get(pod)
  if (current !== undefined && !source.signal.aborted) rejectIfKilled(current, container)
}

/** Never resolves; rejects once the pod is lost, or when `signal` is aborted. */
async function rejectWhenLost(pods: Informer<Pod>, pod: string, signal: AbortSignal): Promise<never> {
  const wait = { subject: `pod ${pod}`, until: 'to be lost', signal }
  for (;;) {
    await pods.until(() => (isOnLostNode(requireRunnable(pods, pod)) ? true : undefined), {
      ...wait,
      within: DAY,
    })
    // After an outage of its own, the control plane marks all nodes as not ready until they report again.
    const recovered = await pods
      .until(() => (isOnLostNode(requireRunnable(pods, pod)) ? undefined : true), {
        ...wait,
        within: NODE_RECOVERY_TIMEOUT,
      })
      .catch((error: unknown) => {
        if (error instanceof ClaimcheckError && error.code === 'DEADLINE') return false
        throw error
      })
    if (!recovered) throw nodeLost(requirePodObject(pods, pod), NODE_RECOVERY_TIMEOUT)
  }
}

function requireRunnable(pods: Informer<Pod>, name: string): Pod {
  const pod = requirePodObject(pods, name)
  rejectIfLost(pod)
  return pod
}

/** Reads the log over one connection, without the first `skip` lines. Ends early if the connection breaks. */
async function* read(source: LogSource, follow: boolean, skip: number): AsyncGenerator<string> {
  const { api, namespace, pod, container, signal } = source
  const request = {
    ...operationOn('get', { resource: resources.pods, namespace, name: pod, subresource: 'log' }),
    query: { container, ...(follow ? { follow: 'true' } : {}) },
    signal,
  }
  api.count(request)
  let seen = 0
  const splitter = new LineSplitter()
  const budget = new LogBudget(`container ${pod}/${container}`)
  try {
    const response = await api.open(request)
    response.setEncoding('utf8')
    for await (const chunk of response) {
      const text = String(chunk)
      budget.spend(text.length)
      for (const line of splitter.push(text)) if (++seen > skip) yield line
    }
    // An incomplete line is the last one only if the container has terminated.
    const last = splitter.finish()
    if (!follow && last !== undefined) yield last
  } catch (error) {
    if (signal.aborted) return
    if (error instanceof ClaimcheckError && !(error instanceof ApiError)) throw error
    // 400: the container has not started. 404: the pod is gone, which its informer reports with the reason.
    const awaited = error instanceof ApiError && [400, 404].includes(error.status)
    if (!isTransient(error) && !awaited) throw api.unreachable(request, error)
    await sleep(retryDelayMs(error) ?? RETRY_MS, undefined, { signal }).catch(() => undefined)
  }
}

async function hasTerminated({ pods, pod, container, signal }: LogSource): Promise<boolean> {
  return pods
    .until(
      () =>
        statusOf(requirePodObject(pods, pod), container)?.state?.terminated === undefined ? undefined : true,
      {
        subject: `container ${pod}/${container}`,
        until: 'to end',
        within: TERMINATION_TIMEOUT,
        signal,
      },
    )
    .catch((error: unknown) => {
      if (error instanceof ClaimcheckError && ['DEADLINE', 'INTERRUPTED'].includes(error.code)) return false
      throw error
    })
}

/** Throws POD_FAILED if the pod does not exist any more. */
export function requirePodObject(pods: Informer<Pod>, name: string): Pod {
  const pod = pods.get(name)
  if (pod !== undefined) return pod
  throw new ClaimcheckError('POD_FAILED', {
    subject: `pod ${name}`,
    problem: 'was deleted during the run',
    hint: 'See the events of its Namespace in the diagnostics of the run.',
  })
}
