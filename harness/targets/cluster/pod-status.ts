/**
 * Whether a pod's containers run, have ended, or never will. Takes a pod as it is now; gives the state, or an error that
 * names what Kubernetes says is wrong with it.
 */
import { ClaimcheckError } from '../../core/errors.ts'
import { conditionOf, type ContainerStatus, type Pod } from './object-schemas.ts'

/** Reasons to wait that do not go away by themselves within a run. */
const HOPELESS = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'CreateContainerError',
  'CreateContainerConfigError',
  'RunContainerError',
])
/** The runtime could not start it; nothing of the image ever ran. */
const NEVER_RAN = new Set(['StartError', 'ContainerCannotRun'])

const HINT =
  'Set CLAIMCHECK_IMAGE to an image of native/transfer/Dockerfile that the nodes can pull, or CLAIMCHECK_DELIVERY=stream and an image with a shell.'

export interface StartState {
  readonly address: string
}

export const statusOf = (pod: Pod, container: string): ContainerStatus | undefined =>
  pod.status.containerStatuses?.find(({ name }) => name === container)

/** Undefined while it is on its way. Throws POD_FAILED where it will not get there. */
export function startStateOf(
  pod: Pod | undefined,
  containers: readonly string[],
  name: string,
): StartState | undefined {
  if (pod === undefined) throw failed(name, 'is gone', undefined)
  rejectIfLost(pod)
  const { podIP } = pod.status
  const states = containers.map((container) => statusOf(pod, container)?.state)
  for (const [i, state] of states.entries()) {
    const ended = NEVER_RAN.has(state?.terminated?.reason ?? '') ? state?.terminated : undefined
    const { reason = '', message = '' } = ended ?? state?.waiting ?? {}
    if (ended === undefined && !HOPELESS.has(reason)) continue
    throw failed(name, `cannot start its container ${containers[i]}: ${reason}`, message, {
      reason,
      ...(reason.includes('Image') || ended !== undefined ? { hint: HINT } : {}),
    })
  }
  const started = states.every((state) => state?.running !== undefined || state?.terminated !== undefined)
  return started && podIP !== undefined ? { address: podIP } : undefined
}

/** Throws POD_FAILED for a pod that was evicted or deleted by somebody. */
export function rejectIfLost(pod: Pod): void {
  const { name, deletionTimestamp } = pod.metadata
  const { reason, message = '', phase, conditions } = pod.status
  const disrupted = conditionOf(conditions, 'DisruptionTarget')
  if (disrupted?.status === 'True') {
    throw failed(name, `was taken away: ${disrupted.reason ?? 'disrupted'}`, disrupted.message ?? message, {
      reason: disrupted.reason,
      node: pod.spec.nodeName,
    })
  }
  if (phase === 'Failed' && reason !== undefined) throw failed(name, `failed: ${reason}`, message, { reason })
  if (deletionTimestamp !== undefined) {
    throw failed(name, 'is being deleted, and not by this run', message, { node: pod.spec.nodeName })
  }
}

/** The node's kubelet said that all containers are ready; that the pod is not, only the node controller says, of a node it lost. */
export function isOnLostNode({ status }: Pod): boolean {
  const containers = status.containerStatuses ?? []
  const allReady = containers.length > 0 && containers.every(({ ready }) => ready === true)
  return allReady && status.phase === 'Running' && conditionOf(status.conditions, 'Ready')?.status === 'False'
}

export const nodeLost = (pod: Pod, seconds: number): ClaimcheckError =>
  failed(
    pod.metadata.name,
    `runs on node ${pod.spec.nodeName}, which has not been ready for ${seconds} s`,
    undefined,
    {
      reason: 'NodeNotReady',
      node: pod.spec.nodeName,
      hint: "Look at the node's kubelet; a transfer that still runs there is not counted.",
    },
  )

/** Throws POD_FAILED where Kubernetes ended the container, and not it itself. */
export function rejectIfKilled(pod: Pod, container: string): void {
  const { terminated } = statusOf(pod, container)?.state ?? {}
  if (terminated?.reason !== 'OOMKilled') return
  throw failed(
    pod.metadata.name,
    `had its container ${container} killed: out of memory`,
    terminated.message,
    {
      reason: 'OOMKilled',
      exitCode: terminated.exitCode,
      hint: 'Set CLAIMCHECK_POD_MEMORY higher; buffers in host memory count.',
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
