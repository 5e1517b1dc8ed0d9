/**
 * Waits until a pod is bound to a node and its claim is allocated and reserved for it. A claim that no release of devices
 * could satisfy is rejected at once, unless the devices as they were published at first could: a driver may publish a NIC that
 * was in a pod without RDMA for up to a minute. On timeout the error names the pods that hold the devices.
 */
import type { ResourceClaimTemplate, ResourceSlice } from '../../dra/objects.ts'
import { ClaimcheckError } from '../../core/errors.ts'
import { ContentionError } from '../../scheduling/contention-error.ts'
import { seconds } from '../../core/units.ts'
import type { PodSpec, ScheduledPod, Wait } from '../../scheduling/pod.ts'
import type { ObjectClient } from './object-client.ts'
import type { ClusterInventory } from './cluster-inventory.ts'
import { parseClaim, type Claim } from './object-schemas.ts'
import type { PodInformers } from './pod-informers.ts'
import * as resources from './api-resources.ts'
import { runOf } from './run-namespace.ts'
import {
  claimNameOf,
  devicesInUse,
  explainUnsatisfiable,
  schedulingOf,
  unsatisfiable,
  type Scheduling,
} from './pod-scheduling.ts'

export interface BindingRequest {
  readonly informers: PodInformers
  readonly client: ObjectClient
  readonly inventory: ClusterInventory
  readonly spec: PodSpec
  readonly template: ResourceClaimTemplate
  /** The scheduled pods of the same group, which are on other nodes. */
  readonly peers: readonly ScheduledPod[]
  readonly namespace: string
  readonly signal: AbortSignal
}

/** How often a pod whose peer is scheduled checks whether another run may be waiting for the peer's devices. */
const CONTENTION_CHECK_SECONDS = 10

type Bound = Extract<Scheduling, { state: 'bound' }>
type SchedulingResult = Exclude<Scheduling, { state: 'waiting' }>

/**
 * Rejects with CLAIM_UNSATISFIABLE, DEVICE_CLASS_MISSING, CEL_RUNTIME, DEADLINE or INTERRUPTED; with a ContentionError if
 * this run and another may each hold devices that the other waits for.
 */
export async function awaitBinding(request: BindingRequest, wait: Wait): Promise<Bound> {
  const until = performance.now() + wait.within * 1000
  let rejection: string | undefined
  for (;;) {
    const left = Math.max(0, (until - performance.now()) / 1000)
    const interval = request.peers.length > 0 ? Math.min(left, CONTENTION_CHECK_SECONDS) : left
    const result = await nextResult(request, rejection, { ...wait, within: seconds(interval) }).catch(
      async (error: unknown) => {
        const timedOut = error instanceof ClaimcheckError && error.code === 'DEADLINE'
        if (!timedOut || rejection === undefined) throw error
        const unsatisfied = await bindingTimeout(request, rejection)
        if (interval === left || unsatisfied instanceof ContentionError) throw unsatisfied
        return undefined
      },
    )
    if (result === undefined) continue
    if (result.state === 'bound') return result
    rejection = result.message
    const { inventory, signal } = request
    const reason = await explainRejection(request, [], await inventory.slices(signal))
    if (reason === undefined) continue
    if ((await explainRejection(request, [], await inventory.slicesAsFirstSeen(signal))) !== undefined)
      throw unsatisfiableBinding(request, { rejection, reason, events: [], contended: false })
  }
}

/** Resolves once the pod is bound, or the scheduler has rejected it with another message than `rejection`. */
function nextResult(
  request: BindingRequest,
  rejection: string | undefined,
  wait: Wait,
): Promise<SchedulingResult> {
  const { informers, spec } = request
  const current = (): Scheduling => {
    const pod = informers.pods.get(spec.name)
    const claim = pod === undefined ? undefined : claimNameOf(pod)
    return schedulingOf(pod, claim === undefined ? undefined : informers.claims.get(claim))
  }
  return informers.until(
    () => {
      const now = current()
      if (now.state === 'waiting') return undefined
      return now.state === 'rejected' && now.message === rejection ? undefined : now
    },
    {
      ...wait,
      subject: `pod ${spec.name}`,
      until: 'to be scheduled',
      lastSeen: () => {
        const now = current()
        return now.state === 'waiting' ? now.lastSeen : now.state
      },
    },
  )
}

/** The claims of all Namespaces, or of the run's own where RBAC grants no more. */
async function visibleClaims({ client, namespace }: BindingRequest): Promise<readonly Claim[]> {
  try {
    return await client.list(resources.resourceClaims, parseClaim)
  } catch (error) {
    if (!(error instanceof ClaimcheckError && error.code === 'RBAC_DENIED')) throw error
    return client.list(resources.resourceClaims, parseClaim, { namespace })
  }
}

async function bindingTimeout(request: BindingRequest, rejection: string): Promise<ClaimcheckError> {
  const { informers, spec, inventory, signal } = request
  const claims = await visibleClaims(request)
  const slices = await inventory.slices(signal)
  const [reason, events] = await Promise.all([
    explainRejection(request, devicesInUse(claims), slices),
    informers.eventsOf(spec.name),
  ])
  const contended =
    request.peers.length > 0 &&
    claims.some(
      ({ metadata, status }) =>
        metadata.namespace !== request.namespace &&
        runOf(metadata) !== undefined &&
        status?.allocation !== undefined,
    )
  return unsatisfiableBinding(request, { rejection, reason, events, contended })
}

const unsatisfiableBinding = (
  { spec }: BindingRequest,
  facts: Pick<Parameters<typeof unsatisfiable>[0], 'reason' | 'events' | 'contended'> & {
    readonly rejection: string
  },
): ClaimcheckError =>
  unsatisfiable({ pod: spec.name, claim: `${spec.name}-devices`, message: facts.rejection, ...facts })

/** Returns why the published devices cannot satisfy the claim, if they cannot. */
async function explainRejection(
  { inventory, spec, template, peers, signal }: BindingRequest,
  inUse: ReturnType<typeof devicesInUse>,
  slices: readonly ResourceSlice[],
): Promise<ClaimcheckError | undefined> {
  const nodes = await inventory.nodes(signal)
  const onPeerNodes = peers.map(({ node, spec: peer }) => ({
    node,
    reason: `holds pod ${peer.name} of the same group`,
  }))
  const notSelected = nodes
    .filter((node) => spec.nodes !== undefined && !spec.nodes.includes(node))
    .map((node) => ({ node, reason: `is not one of ${spec.nodes?.join(', ')}` }))
  return explainUnsatisfiable({
    claim: `${spec.name}-devices`,
    template,
    slices,
    classes: await inventory.classes(),
    nodes,
    excluded: [...onPeerNodes, ...notSelected],
    inUse,
  })
}
