/**
 * Waits for devices. Takes a pod that was created; resolves once it is bound to a node and its claim allocated. Rejects at once
 * where no release of devices would help, and in time with who holds what.
 */
import type { ResourceClaimTemplate } from '../../dra/objects.ts'
import { ClaimcheckError } from '../../core/errors.ts'
import { ContentionError } from '../../scheduling/contention-error.ts'
import { seconds } from '../../core/units.ts'
import type { PodSpec, ScheduledPod, Wait } from '../../scheduling/pod.ts'
import type { ObjectClient } from './object-client.ts'
import type { ClusterInventory } from './cluster-inventory.ts'
import { parseClaim } from './object-schemas.ts'
import type { PodInformers } from './pod-informers.ts'
import * as resources from './api-resources.ts'
import { isOfRun } from './run-namespace.ts'
import {
  claimNameOf,
  devicesInUse,
  explainUnsatisfiable,
  schedulingOf,
  unsatisfiable,
  type Scheduling,
} from './pod-scheduling.ts'

export interface BindingRequest {
  readonly store: PodInformers
  readonly client: ObjectClient
  readonly objects: ClusterInventory
  readonly spec: PodSpec
  readonly template: ResourceClaimTemplate
  /** Scheduled pods of the same group. */
  readonly peers: readonly ScheduledPod[]
  readonly namespace: string
  readonly signal: AbortSignal
}

/** After this, a pod whose peer holds devices already asks whether another run waits for those in turn. */
const CONTENTION_CHECK_SECONDS = 10

type Bound = Extract<Scheduling, { state: 'bound' }>
type News = Exclude<Scheduling, { state: 'waiting' }>

/**
 * Rejects with CLAIM_UNSATISFIABLE, as a ContentionError where two runs may each hold what the other waits for; with
 * DEVICE_CLASS_MISSING, CEL_RUNTIME, DEADLINE or INTERRUPTED.
 */
export async function awaitBinding(asking: BindingRequest, wait: Wait): Promise<Bound> {
  const until = performance.now() + wait.within * 1000
  let refusal: string | undefined
  for (;;) {
    const left = Math.max(0, (until - performance.now()) / 1000)
    const patience = asking.peers.length > 0 ? Math.min(left, CONTENTION_CHECK_SECONDS) : left
    const news = await newsAfter(asking, refusal, { ...wait, within: seconds(patience) }).catch(
      async (error: unknown) => {
        const late = error instanceof ClaimcheckError && error.code === 'DEADLINE'
        if (!late || refusal === undefined) throw error
        const vain = await bindingTimeout(asking, refusal)
        if (patience === left || vain instanceof ContentionError) throw vain
        return undefined
      },
    )
    if (news === undefined) continue
    if (news.state === 'bound') return news
    refusal = news.message
    const hopeless = await reasonOf(asking, [])
    if (hopeless !== undefined)
      throw unsatisfiableBinding(asking, { refusal, reason: hopeless, events: [], contended: false })
  }
}

/** Resolves once it is bound, or refused in other words than before. */
function newsAfter(asking: BindingRequest, refusal: string | undefined, wait: Wait): Promise<News> {
  const { store, spec } = asking
  const look = (): Scheduling => {
    const pod = store.pods.get(spec.name)
    const claim = pod === undefined ? undefined : claimNameOf(pod)
    return schedulingOf(pod, claim === undefined ? undefined : store.claims.get(claim))
  }
  return store.until(
    () => {
      const now = look()
      if (now.state === 'waiting') return undefined
      return now.state === 'refused' && now.message === refusal ? undefined : now
    },
    {
      ...wait,
      subject: `pod ${spec.name}`,
      until: 'to be scheduled',
      lastSeen: () => {
        const now = look()
        return now.state === 'waiting' ? now.lastSeen : now.state
      },
    },
  )
}

async function bindingTimeout(asking: BindingRequest, refusal: string): Promise<ClaimcheckError> {
  const { client, store, spec } = asking
  const claims = await client.list(resources.resourceClaims, parseClaim)
  const [reason, events] = await Promise.all([
    reasonOf(asking, devicesInUse(claims)),
    store.eventsOf(spec.name),
  ])
  const contended =
    asking.peers.length > 0 &&
    claims.some(
      ({ metadata: { namespace = '' }, status }) =>
        namespace !== asking.namespace && isOfRun(namespace) && status?.allocation !== undefined,
    )
  return unsatisfiableBinding(asking, { refusal, reason, events, contended })
}

const unsatisfiableBinding = (
  { spec }: BindingRequest,
  facts: Pick<Parameters<typeof unsatisfiable>[0], 'reason' | 'events' | 'contended'> & {
    readonly refusal: string
  },
): ClaimcheckError =>
  unsatisfiable({ pod: spec.name, claim: `${spec.name}-devices`, message: facts.refusal, ...facts })

async function reasonOf(
  { objects, spec, template, peers, signal }: BindingRequest,
  inUse: ReturnType<typeof devicesInUse>,
): Promise<ClaimcheckError | undefined> {
  const nodes = await objects.nodes(signal)
  const taken = peers.map(({ node, spec: peer }) => ({
    node,
    reason: `holds pod ${peer.name} of the same group`,
  }))
  const unwanted = nodes
    .filter((node) => spec.nodes !== undefined && !spec.nodes.includes(node))
    .map((node) => ({ node, reason: `is not one of ${spec.nodes?.join(', ')}` }))
  return explainUnsatisfiable({
    claim: `${spec.name}-devices`,
    template,
    slices: await objects.slices(signal),
    classes: await objects.classes(),
    nodes,
    excluded: [...taken, ...unwanted],
    inUse,
  })
}
