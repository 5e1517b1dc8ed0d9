/**
 * A Kubernetes cluster as a target. Takes a connection, an image and a run id; claims devices, runs pods and takes all of it
 * away again. Everything it makes lies in one Namespace and carries the run's label and expiry.
 */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { compileSelector } from '../../dra/cel/selector.ts'
import type { DeviceRequest, ResourceClaimTemplate, ResourceSlice } from '../../dra/objects.ts'
import { asClaimcheckError, ClaimcheckError } from '../../core/errors.ts'
import { ContentionError } from '../../scheduling/contention-error.ts'
import type { Journal } from '../../core/journal.ts'
import { seconds } from '../../core/units.ts'
import type {
  ContainerExit,
  ExecResult,
  PodSpec,
  RunningPod,
  ScheduledPod,
  Wait,
} from '../../scheduling/pod.ts'
import type { Diagnosis, Emulation, Target } from '../target.ts'
import { requirePod, requireContainer, requireTemplate, targetClosed } from '../preconditions.ts'
import { Api } from './api-client.ts'
import { awaitBinding, type BindingRequest } from './await-binding.ts'
import { ObjectClient } from './object-client.ts'
import { ClusterInventory } from './cluster-inventory.ts'
import { configFor, type Connection } from './kubeconfig.ts'
import { followLog, presentLines } from './container-log.ts'
import { deliver, type Delivery } from './binary-delivery.ts'
import { diagnosisOf } from './diagnosis.ts'
import { execIn } from './exec.ts'
import {
  BINARY,
  RUN,
  podManifest,
  secretManifest,
  secretNameOf,
  type PodParts,
  type PodResources,
} from './pod-manifest.ts'
import { PodInformers } from './pod-informers.ts'
import { awaitRelease, type Release } from './release-pods.ts'
import * as resources from './api-resources.ts'
import {
  runLabels,
  namespaceManifest,
  namespaceOf,
  removeNamespace,
  type RunLabels,
} from './run-namespace.ts'
import { startStateOf, statusOf } from './pod-status.ts'

const CLOSING = seconds(90)
const SEEN = seconds(60)
/** The default ServiceAccount of a new Namespace is made by a controller. */
const ACCOUNT_MS = 30_000

/** A run on a cluster, as plain data. */
export interface ClusterRun {
  readonly kind: 'cluster' | 'lab'
  readonly connection: Connection
  /** Of the rack that a lab emulates. */
  readonly emulation?: Emulation | undefined
  readonly delivery: Delivery
  readonly resources: PodResources
  /** Nodes under test; absent: all that publish RDMA NICs. */
  readonly nodes?: readonly string[] | undefined
  readonly runId: string
  /** Whether the Namespace ends with this target, or is shared by several and ended by whoever opened the run. */
  readonly namespaceLives: 'target' | 'run'
}

export interface ClusterParts extends ClusterRun {
  readonly journal: Journal
}

interface Known {
  readonly spec: PodSpec
  /** Aborted, its logs end. */
  readonly over: AbortController
  scheduled?: ScheduledPod
}

export class ClusterTarget implements Target {
  readonly kind: 'cluster' | 'lab'
  readonly emulation: Emulation | undefined
  readonly namespace: string
  readonly #parts: ClusterParts
  readonly #api: Api
  readonly #client: ObjectClient
  readonly #objects: ClusterInventory
  readonly #marks: RunLabels
  readonly #templates = new Map<string, ResourceClaimTemplate>()
  /** By name of the template: that of its object. The API lets none change, so a changed one is another object. */
  readonly #templateObjects = new Map<string, string>()
  readonly #pods = new Map<string, Known>()
  readonly #over = new AbortController()
  #store: Promise<PodInformers> | undefined
  #closed: Promise<void> | undefined

  constructor(parts: ClusterParts) {
    this.kind = parts.kind
    this.emulation = parts.emulation
    this.namespace = namespaceOf(parts.runId)
    this.#parts = parts
    this.#api = new Api(configFor(parts.connection))
    this.#client = new ObjectClient(this.#api)
    this.#objects = new ClusterInventory(this.#client, parts.journal, parts.nodes)
    this.#marks = runLabels(parts.runId, Date.now())
  }

  /** Requests sent so far, by verb and resource; a watch counts once. */
  get requests(): ReadonlyMap<string, number> {
    return this.#api.requests
  }

  nodes(): Promise<readonly string[]> {
    return this.#objects.nodes(this.#over.signal)
  }

  slices(): Promise<readonly ResourceSlice[]> {
    return this.#objects.slices(this.#over.signal)
  }

  /** Throws CEL_INVALID, with the place, before the API server sees it. */
  async apply(template: ResourceClaimTemplate): Promise<void> {
    const { name } = template.metadata
    this.#refuseWhenClosed(`ResourceClaimTemplate ${name}`)
    const known = this.#templates.get(name)
    if (known !== undefined && JSON.stringify(known) === JSON.stringify(template)) return
    for (const request of template.spec.spec.devices.requests) compileAll(request, name)
    await this.#open()
    const { labels, annotations } = this.#marks
    const object = known === undefined ? name : `${name}-${digestOf(template)}`
    const metadata = {
      ...template.metadata,
      name: object,
      namespace: this.namespace,
      labels: { ...template.metadata.labels, ...labels },
      annotations,
    }
    await this.#client.apply(resources.resourceClaimTemplates, { ...template, metadata }, this.#over.signal)
    this.#templates.set(name, template)
    this.#templateObjects.set(name, object)
  }

  async schedule(spec: PodSpec, wait: Wait): Promise<ScheduledPod> {
    this.#refuseWhenClosed(`pod ${spec.name}`)
    const template = requireTemplate(spec, this.#templates, this.#pods)
    const known: Known = { spec, over: new AbortController() }
    this.#pods.set(spec.name, known)
    try {
      const store = await this.#open()
      await this.#create(spec, this.#limited(wait))
      // Seen once, it is gone only when the API server says so.
      await store.until(() => store.pods.get(spec.name), {
        within: SEEN,
        subject: `pod ${spec.name}`,
        until: 'to be seen',
      })
      const { node, claim } = await awaitBinding(this.#asking(store, spec, template), this.#limited(wait))
      known.scheduled = { spec, node, claim }
      const devices = claim.status?.allocation?.devices.results
      this.#parts.journal.record('scheduled', spec.name, { node, claim: claim.metadata.name, devices })
      return known.scheduled
    } catch (error) {
      await this.#keepEvidence(spec.name, error)
      await this.#remove([known], { within: CLOSING }).catch((cause: unknown) => {
        this.#parts.journal.record('release-failed', spec.name, { error: asClaimcheckError(cause).message })
      })
      throw error
    }
  }

  async run(pod: ScheduledPod, wait: Wait): Promise<RunningPod> {
    const { name, containers } = pod.spec
    this.#refuseWhenClosed(`pod ${name}`)
    requirePod(this.#pods, name)
    const store = await this.#open()
    const { delivery } = this.#parts
    const started = await store.until(
      () =>
        startStateOf(
          store.pods.get(name),
          containers.map((one) => one.name),
          name,
        ),
      {
        ...this.#limited(wait),
        subject: `pod ${name} on ${pod.node}`,
        until: 'to run',
        lastSeen: () =>
          JSON.stringify(store.pods.get(name)?.status.containerStatuses?.map(({ state }) => state) ?? []),
      },
    )
    const [first] = containers
    if (delivery.kind === 'stream' && first !== undefined) {
      const { archive } = delivery
      const data = await readFile(archive.path)
      const to = { namespace: this.namespace, pod: name, container: first.name, archive, data }
      await deliver(this.#api, to, this.#limited(wait))
    }
    this.#parts.journal.record('running', name, { node: pod.node })
    const claim = store.claims.get(pod.claim.metadata.name) ?? pod.claim
    return { ...pod, claim, address: started.address }
  }

  async *log(pod: RunningPod, container: string, signal?: AbortSignal): AsyncGenerator<string> {
    const { name } = pod.spec
    this.#refuseWhenClosed(`log of pod ${name}`)
    requireContainer(pod, container)
    const { over } = requirePod(this.#pods, name)
    const signals = [this.#over.signal, over.signal, ...(signal === undefined ? [] : [signal])]
    const { pods } = await this.#open()
    yield* followLog({
      api: this.#api,
      pods,
      namespace: this.namespace,
      pod: name,
      container,
      signal: AbortSignal.any(signals),
    })
  }

  async exit(pod: RunningPod, container: string, wait: Wait): Promise<ContainerExit> {
    const { name } = pod.spec
    this.#refuseWhenClosed(`exit of pod ${name}`)
    requireContainer(pod, container)
    const store = await this.#open()
    return store.until(
      () => {
        const { terminated } = statusOf(presentLines(store.pods, name), container)?.state ?? {}
        if (terminated === undefined) return undefined
        return { code: terminated.exitCode, signal: terminated.signal ? `SIG${terminated.signal}` : null }
      },
      { ...this.#limited(wait), subject: `container ${name}/${container}`, until: 'to end' },
    )
  }

  async exec(pod: RunningPod, container: string, args: readonly string[], wait: Wait): Promise<ExecResult> {
    const { name } = pod.spec
    this.#refuseWhenClosed(`exec in pod ${name}`)
    requireContainer(pod, container)
    const { pods } = await this.#open()
    const seen = pods.get(name)
    if (seen !== undefined && statusOf(seen, container)?.state?.terminated !== undefined) {
      throw new ClaimcheckError('EXEC_FAILED', {
        subject: `container ${name}/${container}`,
        problem: 'has ended: nothing can be run beside it',
      })
    }
    const argv =
      this.#parts.delivery.kind === 'stream'
        ? ['/bin/sh', '-c', RUN, 'claimcheck', ...args]
        : [BINARY, ...args]
    return execIn(this.#api, { namespace: this.namespace, pod: name, container, argv }, this.#limited(wait))
  }

  async release(pods: readonly ScheduledPod[], wait: Wait): Promise<void> {
    if (this.#closed !== undefined) return this.#closed
    const known = pods.flatMap(({ spec }) => this.#pods.get(spec.name) ?? [])
    await this.#remove(known, this.#limited(wait))
  }

  async diagnose(subject: string): Promise<Diagnosis> {
    const base = { subject, namespace: this.namespace, server: this.#api.server }
    if (this.#store === undefined || this.#closed !== undefined)
      return { ...base, pods: [], runtime: 'closed' }
    const slices = await this.slices()
    return {
      ...base,
      ...(await diagnosisOf({ api: this.#api, store: await this.#store, namespace: this.namespace, slices })),
    }
  }

  close(): Promise<void> {
    this.#over.abort()
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    const store = await this.#store?.catch(() => undefined)
    try {
      if (store === undefined) return
      await this.#remove([...this.#pods.values()], { within: CLOSING })
    } finally {
      if (store !== undefined && this.#parts.namespaceLives === 'target')
        await removeNamespace(this.#client, this.namespace, { within: CLOSING })
      store?.stop()
      this.#objects.close()
    }
  }

  /** The Namespace, and what is in it from now on. */
  #open(): Promise<PodInformers> {
    this.#store ??= (async () => {
      const manifest = namespaceManifest(this.#parts.runId, this.#marks)
      await this.#client.apply(resources.namespaces, manifest, this.#over.signal)
      return new PodInformers(this.#client, this.namespace)
    })()
    return this.#store
  }

  /** Of a pod that goes before anybody else can look at it. */
  async #keepEvidence(pod: string, error: unknown): Promise<void> {
    const { code, message } = asClaimcheckError(error)
    if (code === 'INTERRUPTED' || error instanceof ContentionError) return
    const seen = await this.diagnose(pod).catch((cause: unknown) => ({ missing: String(cause) }))
    this.#parts.journal.record('evidence', pod, { error: { code, message }, ...seen })
  }

  async #create(spec: PodSpec, wait: Wait): Promise<void> {
    const { delivery, resources: podResources, nodes } = this.#parts
    const parts: PodParts = {
      namespace: this.namespace,
      marks: this.#marks,
      image: delivery.image,
      delivery: delivery.kind,
      resources: podResources,
      nodes,
    }
    const secret = secretManifest(spec, parts)
    if (secret !== undefined) await this.#client.apply(resources.secrets, secret, wait.signal)
    const template = this.#templateObjects.get(spec.template) ?? spec.template
    const pod = podManifest({ ...spec, template }, parts)
    const until = Date.now() + ACCOUNT_MS
    for (;;) {
      try {
        await this.#client.apply(resources.pods, pod, wait.signal)
        return
      } catch (error) {
        const early = /serviceaccount "?default"? not found/.test(String(error)) && Date.now() < until
        if (!early) throw error
        await sleep(200, undefined, { signal: wait.signal })
      }
    }
  }

  #asking(store: PodInformers, spec: PodSpec, template: ResourceClaimTemplate): BindingRequest {
    const peers = [...this.#pods.values()].flatMap(({ scheduled }) =>
      scheduled?.spec.group === spec.group ? scheduled : [],
    )
    const [client, objects, signal] = [this.#client, this.#objects, this.#over.signal]
    const { namespace } = this
    return { store, client, objects, spec, template, peers, namespace, signal }
  }

  /** Deletes pods and what belongs to them; resolves once pods and claims are gone. */
  async #remove(known: readonly Known[], wait: Wait): Promise<void> {
    if (known.length === 0) return
    const store = await this.#open()
    const release: Release = { client: this.#client, store, namespace: this.namespace }
    for (const { over } of known) over.abort()
    await awaitRelease(
      release,
      known.map(({ spec }) => ({
        pod: spec.name,
        secret: spec.containers.some(({ secretEnv }) => secretEnv !== undefined)
          ? secretNameOf(spec.name)
          : undefined,
      })),
      wait,
    )
    for (const { spec, scheduled } of known) {
      this.#pods.delete(spec.name)
      this.#parts.journal.record('released', spec.name, { node: scheduled?.node })
    }
  }

  /** Ends with the target too. */
  #limited({ within, signal }: Wait): Wait {
    const own = this.#over.signal
    return { within, signal: signal === undefined ? own : AbortSignal.any([own, signal]) }
  }

  #refuseWhenClosed(subject: string): void {
    if (this.#closed !== undefined) throw targetClosed(subject, 'the target has been closed')
  }
}

const digestOf = (template: ResourceClaimTemplate): string =>
  createHash('sha256').update(JSON.stringify(template.spec)).digest('hex').slice(0, 8)

function compileAll(request: DeviceRequest, template: string): void {
  const own = 'exactly' in request ? [request.exactly] : request.firstAvailable
  for (const { cel } of own.flatMap(({ selectors = [] }) => selectors)) {
    try {
      compileSelector(cel.expression, `request "${request.name}" of ResourceClaimTemplate ${template}`)
    } catch (error) {
      // The cluster evaluates functions that claimcheck does not implement.
      if (!(error instanceof ClaimcheckError && error.code === 'ALLOCATION_UNSUPPORTED')) throw error
    }
  }
}
