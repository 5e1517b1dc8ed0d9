/** Reads from a pod's status whether its containers have started, and throws POD_FAILED with the reason if they cannot. */
import { ClaimcheckError } from '../../core/errors.ts'
import { conditionOf, type ContainerStatus, type Pod } from './object-schemas.ts'

/** Waiting reasons that count as failures: the kubelet retries them, but not with success during a run. */
const FAILED_REASONS = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'CreateContainerError',
  'CreateContainerConfigError',
  'RunContainerError',
])
/** What timed out in a kubelet or container runtime is tried again, and on a slow node succeeds. */
const RETRIED = /timed out waiting for the condition|context deadline exceeded|DeadlineExceeded/
/** Termination reasons of a container whose process never started. */
const NOT_STARTED_REASONS = new Set(['StartError', 'ContainerCannotRun'])

const IMAGE_HINT =
  'Set CLAIMCHECK_IMAGE to an image of native/transfer/Dockerfile that the nodes can pull, or CLAIMCHECK_DELIVERY=stream and an image with a shell.'

export interface StartState {
  readonly address: string
}

export const statusOf = (pod: Pod, container: string): ContainerStatus | undefined =>
  pod.status.containerStatuses?.find(({ name }) => name === container)

/** Returns undefined while containers are starting. Throws POD_FAILED if one cannot start or the pod is lost. */
export function startStateOf(
  pod: Pod | undefined,
  containers: readonly string[],
  name: string,
): StartState | undefined {
  if (pod === undefined) throw failed(name, 'was deleted before it started', undefined)
  rejectIfLost(pod)
  const { podIP } = pod.status
  const states = containers.map((container) => statusOf(pod, container)?.state)
  for (const [i, state] of states.entries()) {
    const notStarted = NOT_STARTED_REASONS.has(state?.terminated?.reason ?? '')
      ? state?.terminated
      : undefined
    const { reason = '', message = '' } = notStarted ?? state?.waiting ?? {}
    const isRetried = RETRIED.test(message) && !reason.includes('Image')
    if (notStarted === undefined && (isRetried || !FAILED_REASONS.has(reason))) continue
    throw failed(name, `could not start container ${containers[i]}: ${reason}`, message, {
      reason,
      ...(reason.includes('Image') || notStarted !== undefined ? { hint: IMAGE_HINT } : {}),
    })
  }
  const started = states.every((state) => state?.running !== undefined || state?.terminated !== undefined)
  return started && podIP !== undefined ? { address: podIP } : undefined
}

/** Throws POD_FAILED for a pod that was evicted, failed or is being deleted. */
export function rejectIfLost(pod: Pod): void {
  const { name, deletionTimestamp } = pod.metadata
  const { reason, message = '', phase, conditions } = pod.status
  const disrupted = conditionOf(conditions, 'DisruptionTarget')
  if (disrupted?.status === 'True') {
    throw failed(
      name,
      `was disrupted: ${disrupted.reason ?? 'no reason given'}`,
      disrupted.message ?? message,
      {
        reason: disrupted.reason,
        node: pod.spec.nodeName,
      },
    )
  }
  if (phase === 'Failed' && reason !== undefined) throw failed(name, `failed: ${reason}`, message, { reason })
  if (deletionTimestamp !== undefined) {
    throw failed(name, 'is being deleted, but not by this run', message, { node: pod.spec.nodeName })
  }
}

/**
 * Whether the node controller has marked the pod as not ready. The kubelet reports a pod with ready containers as ready, so
 * the contradiction means that the node has stopped reporting.
 */
export function isOnLostNode({ status }: Pod): boolean {
  const containers = status.containerStatuses ?? []
  const allReady = containers.length > 0 && containers.every(({ ready }) => ready === true)
  return allReady && status.phase === 'Running' && conditionOf(status.conditions, 'Ready')?.status === 'False'
}

export const nodeLost = (pod: Pod, seconds: number): ClaimcheckError =>
  failed(
    pod.metadata.name,
    `is on node ${pod.spec.nodeName}, which has not been ready for ${seconds} s`,
    undefined,
    {
      reason: 'NodeNotReady',
      node: pod.spec.nodeName,
      hint: "Check the node's kubelet. A transfer that still runs there is discarded.",
    },
  )

/** Throws POD_FAILED for a container that was killed because it exceeded its memory limit. */
export function rejectIfKilled(pod: Pod, container: string): void {
  const { terminated } = statusOf(pod, container)?.state ?? {}
  if (terminated?.reason !== 'OOMKilled') return
  throw failed(
    pod.metadata.name,
    `ran out of memory: container ${container} was killed`,
    terminated.message,
    {
      reason: 'OOMKilled',
      exitCode: terminated.exitCode,
      hint: 'Raise CLAIMCHECK_POD_MEMORY; buffers in host memory count towards it.',
    },
  )
}

function failed(
  pod: string,
  problem: string,
  found: string | undefined,
  { hint, ...details }: Readonly<Record<string, unknown>> & { hint?: string } = {},
): ClaimcheckError {
  return new ClaimcheckError('POD_FAILED', {
    subject: `pod ${pod}`,
    problem,
    ...(found === undefined || found === '' ? {} : { found }),
    ...(hint === undefined ? {} : { hint }),
    details,
  })
}
