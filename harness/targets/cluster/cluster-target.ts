/**
 * Runs pods with resource claims on a Kubernetes cluster. Everything that the target creates is in the Namespace of the run
 * and has the run's label and expiry.
 */
import { readFile } from 'node:fs/promises'
import type { DeviceClass, ResourceClaimTemplate, ResourceSlice } from '../../dra/objects.ts'
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
  UnclaimedPodSpec,
  Wait,
} from '../../scheduling/pod.ts'
import { readLog } from '../read-log.ts'
import type { Diagnosis, Emulation, Target, ExcludedNode } from '../target.ts'
import {
  requirePod,
  requireContainer,
  requireTemplate,
  targetClosed,
} from '../../scheduling/preconditions.ts'
import { Api } from './api-client.ts'
import { AppliedTemplates, compileSelectors } from './applied-templates.ts'
import { awaitBinding, type BindingRequest } from './await-binding.ts'
import { ObjectClient } from './object-client.ts'
import { ClusterInventory } from './cluster-inventory.ts'
import { configFor, type Connection } from './kubeconfig.ts'
import { followLog, requirePodObject } from './container-log.ts'
import { createPod } from './create-pod.ts'
import { deliver, type Delivery } from './binary-delivery.ts'
import { diagnosisOf } from './diagnosis.ts'
import { execIn } from './exec.ts'
import { BINARY, RUN, secretNameOf, type PodResources } from './pod-manifest.ts'
import { PodInformers } from './pod-informers.ts'
import { PROBE, probePod } from './probe-pod.ts'
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

const RELEASE_TIMEOUT = seconds(90)
/** How long the watch may take to deliver a pod that was created. */
const WATCH_TIMEOUT = seconds(60)

/** A run on a cluster, as serializable data. */
export interface ClusterRun {
  readonly kind: 'cluster' | 'lab'
  readonly connection: Connection
  /** Describes the rack that a lab emulates; absent for real hardware. */
  readonly emulation?: Emulation | undefined
  readonly delivery: Delivery
  readonly resources: PodResources
  /** Variables of UCX in the pods; absent for none. */
  readonly ucx?: Readonly<Record<string, string>>
  /** Whether the node's /sys is mounted into the pods. */
  readonly mountsHostSys?: boolean
  /** Nodes under test; absent for all that publish RDMA NICs. */
  readonly nodes?: readonly string[] | undefined
  readonly runId: string
  /** Whether this target removes the Namespace when it is closed, or the run does, whose targets share it. */
  readonly namespaceLives: 'target' | 'run'
}

export interface ClusterParts extends ClusterRun {
  readonly journal: Journal
}

interface PodRecord {
  readonly spec: PodSpec | UnclaimedPodSpec
  /** Aborted when the pod is released, which ends its logs. */
  readonly released: AbortController
  scheduled?: ScheduledPod
}

export class ClusterTarget implements Target {
  readonly kind: 'cluster' | 'lab'
  readonly emulation: Emulation | undefined
  readonly namespace: string
  readonly #parts: ClusterParts
  readonly #api: Api
  readonly #client: ObjectClient
  readonly #inventory: ClusterInventory
  readonly #metadata: RunLabels
  readonly #templates: AppliedTemplates
  readonly #pods = new Map<string, PodRecord>()
  readonly #closing = new AbortController()
  #informers: Promise<PodInformers> | undefined
  #classes: Promise<readonly DeviceClass[]> | undefined
  #closed: Promise<void> | undefined

  constructor(parts: ClusterParts) {
    this.kind = parts.kind
    this.emulation = parts.emulation
    this.namespace = namespaceOf(parts.runId)
    this.#parts = parts
    this.#api = new Api(configFor(parts.connection))
    this.#client = new ObjectClient(this.#api)
    this.#inventory = new ClusterInventory(this.#client, parts.journal, parts.nodes)
    this.#metadata = runLabels(parts.runId, Date.now())
    this.#templates = new AppliedTemplates(this.#client, { ...this.#metadata, namespace: this.namespace })
  }

  /** Number of requests by `verb resource`; a watch counts once. */
  get requests(): ReadonlyMap<string, number> {
    return this.#api.requests
  }

  nodes(): Promise<readonly string[]> {
    return this.#inventory.nodes(this.#closing.signal)
  }

  excludedNodes(): Promise<readonly ExcludedNode[]> {
    return this.#inventory.excludedNodes(this.#closing.signal)
  }

  slices(): Promise<readonly ResourceSlice[]> {
    return this.#inventory.slices(this.#closing.signal)
  }

  /** Read once: classes are part of a cluster's installation. */
  deviceClasses(): Promise<readonly DeviceClass[]> {
    this.#classes ??= this.#inventory.classes().catch((error: unknown) => {
      this.#classes = undefined
      throw error
    })
    return this.#classes
  }

  /** Throws CEL_INVALID for a selector that does not compile, before anything is sent to the API server. */
  async apply(template: ResourceClaimTemplate): Promise<void> {
    this.#requireOpen(`ResourceClaimTemplate ${template.metadata.name}`)
    if (this.#templates.has(template)) return
    compileSelectors(template)
    await this.#open()
    await this.#templates.apply(template, this.#closing.signal)
  }

  async schedule(spec: PodSpec, wait: Wait): Promise<ScheduledPod> {
    this.#requireOpen(`pod ${spec.name}`)
    const template = requireTemplate(spec, this.#templates.byName, this.#pods)
    const record = this.#register(spec)
    try {
      const informers = await this.#create(spec, this.#limited(wait))
      const { node, claim } = await awaitBinding(
        this.#bindingRequest(informers, spec, template),
        this.#limited(wait),
      )
      record.scheduled = { spec, node, claim }
      const devices = claim.status?.allocation?.devices.results
      this.#parts.journal.record('scheduled', spec.name, { node, claim: claim.metadata.name, devices })
      return record.scheduled
    } catch (error) {
      await this.#removeAfter(error, record)
      throw error
    }
  }

  async run(pod: ScheduledPod, wait: Wait): Promise<RunningPod> {
    const { name } = pod.spec
    this.#requireOpen(`pod ${name}`)
    requirePod(this.#pods, name)
    const address = await this.#start(pod.spec, pod.node, wait)
    const { claims } = await this.#open()
    const claim = claims.get(pod.claim.metadata.name) ?? pod.claim
    return { ...pod, claim, address }
  }

  /** Waits until the pod runs, and copies the binary into it where the image does not have it. Resolves with its address. */
  async #start({ name, containers }: UnclaimedPodSpec, node: string, wait: Wait): Promise<string> {
    const informers = await this.#open()
    const { delivery } = this.#parts
    const started = await informers.until(
      () =>
        startStateOf(
          informers.pods.get(name),
          containers.map((one) => one.name),
          name,
        ),
      {
        ...this.#limited(wait),
        subject: `pod ${name} on ${node}`,
        until: 'to run',
        lastSeen: () =>
          JSON.stringify(informers.pods.get(name)?.status.containerStatuses?.map(({ state }) => state) ?? []),
      },
    )
    const [first] = containers
    if (delivery.kind === 'stream' && first !== undefined) {
      const { archive } = delivery
      const data = await readFile(archive.path)
      const to = { namespace: this.namespace, pod: name, container: first.name, archive, data }
      await deliver(this.#api, to, this.#limited(wait))
    }
    this.#parts.journal.record('running', name, { node })
    return started.address
  }

  async *log(pod: RunningPod, container: string, signal?: AbortSignal): AsyncGenerator<string> {
    const { name } = pod.spec
    this.#requireOpen(`log of pod ${name}`)
    requireContainer(pod, container)
    const record = requirePod(this.#pods, name)
    const { pods } = await this.#open()
    yield* this.#followLog(pods, record, container, signal)
  }

  /** Follows a log until the pod is released, the target is closed, or `signal` is aborted. */
  #followLog(
    pods: PodInformers['pods'],
    { spec, released }: PodRecord,
    container: string,
    signal?: AbortSignal,
  ): AsyncGenerator<string> {
    const signals = [this.#closing.signal, released.signal, ...(signal === undefined ? [] : [signal])]
    const { namespace } = this
    const api = this.#api
    return followLog({ api, pods, namespace, pod: spec.name, container, signal: AbortSignal.any(signals) })
  }

  async exit(pod: RunningPod, container: string, wait: Wait): Promise<ContainerExit> {
    const { name } = pod.spec
    this.#requireOpen(`exit of pod ${name}`)
    requireContainer(pod, container)
    return this.#exit(name, container, wait)
  }

  async #exit(name: string, container: string, wait: Wait): Promise<ContainerExit> {
    const informers = await this.#open()
    return informers.until(
      () => {
        const { terminated } = statusOf(requirePodObject(informers.pods, name), container)?.state ?? {}
        if (terminated === undefined) return undefined
        return { code: terminated.exitCode, signal: terminated.signal ? `SIG${terminated.signal}` : null }
      },
      { ...this.#limited(wait), subject: `container ${name}/${container}`, until: 'to end' },
    )
  }

  async exec(pod: RunningPod, container: string, args: readonly string[], wait: Wait): Promise<ExecResult> {
    const { name } = pod.spec
    this.#requireOpen(`exec in pod ${name}`)
    requireContainer(pod, container)
    const { pods } = await this.#open()
    const current = pods.get(name)
    if (current !== undefined && statusOf(current, container)?.state?.terminated !== undefined) {
      throw new ClaimcheckError('EXEC_FAILED', {
        subject: `container ${name}/${container}`,
        problem: 'has terminated: no command can be run in it',
      })
    }
    const argv =
      this.#parts.delivery.kind === 'stream'
        ? ['/bin/sh', '-c', RUN, 'claimcheck', ...args]
        : [BINARY, ...args]
    return execIn(this.#api, { namespace: this.namespace, pod: name, container, argv }, this.#limited(wait))
  }

  async probe(node: string, args: readonly string[], wait: Wait): Promise<ExecResult> {
    const spec = probePod(node, args)
    this.#requireOpen(`pod ${spec.name}`)
    const record = this.#register(spec)
    try {
      const { pods } = await this.#create(spec, this.#limited(wait))
      await this.#start(spec, node, wait)
      const stdout = await readLog(this.#followLog(pods, record, PROBE))
      const exit = await this.#exit(spec.name, PROBE, wait)
      await this.#remove([record], { within: RELEASE_TIMEOUT })
      return { ...exit, stdout, stderr: '' }
    } catch (error) {
      await this.#removeAfter(error, record)
      throw error
    }
  }

  async release(pods: readonly ScheduledPod[], wait: Wait): Promise<void> {
    if (this.#closed !== undefined) return this.#closed
    const records = pods.flatMap(({ spec }) => this.#pods.get(spec.name) ?? [])
    await this.#remove(records, this.#limited(wait))
  }

  async diagnose(subject: string): Promise<Diagnosis> {
    const base = { subject, namespace: this.namespace, server: this.#api.server }
    if (this.#informers === undefined || this.#closed !== undefined)
      return { ...base, pods: [], runtime: 'closed' }
    const [informers, slices] = await Promise.all([this.#informers, this.slices()])
    const { namespace } = this
    return { ...base, ...(await diagnosisOf({ api: this.#api, informers, namespace, slices })) }
  }

  close(): Promise<void> {
    this.#closing.abort()
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    const informers = await this.#informers?.catch(() => undefined)
    try {
      if (informers === undefined) return
      await this.#remove([...this.#pods.values()], { within: RELEASE_TIMEOUT })
    } finally {
      if (informers !== undefined && this.#parts.namespaceLives === 'target')
        await removeNamespace(this.#client, this.namespace, { within: RELEASE_TIMEOUT })
      informers?.stop()
      this.#inventory.close()
    }
  }

  /** Creates the Namespace and starts its informers, once. */
  #open(): Promise<PodInformers> {
    this.#informers ??= (async () => {
      const manifest = namespaceManifest(this.#parts.runId, this.#metadata)
      await this.#client.apply(resources.namespaces, manifest, this.#closing.signal)
      return new PodInformers(this.#client, this.namespace)
    })()
    return this.#informers
  }

  /** Records the diagnosis of a pod, then removes it. A failed removal is only recorded in the journal. */
  async #removeAfter(error: unknown, record: PodRecord): Promise<void> {
    const { name } = record.spec
    await this.#recordDiagnosis(name, error)
    await this.#remove([record], { within: RELEASE_TIMEOUT }).catch((cause: unknown) => {
      this.#parts.journal.record('release-failed', name, { error: asClaimcheckError(cause).message })
    })
  }

  /** Records the diagnosis of a pod that is about to be deleted. */
  async #recordDiagnosis(pod: string, error: unknown): Promise<void> {
    const { code, message } = asClaimcheckError(error)
    if (code === 'INTERRUPTED' || error instanceof ContentionError) return
    const diagnosis = await this.diagnose(pod).catch((cause: unknown) => ({ missing: String(cause) }))
    this.#parts.journal.record('evidence', pod, { error: { code, message }, ...diagnosis })
  }

  #register(spec: PodSpec | UnclaimedPodSpec): PodRecord {
    const record: PodRecord = { spec, released: new AbortController() }
    this.#pods.set(spec.name, record)
    return record
  }

  /** Creates a pod, and resolves when the informers have it: from then on, a pod that they do not have was deleted. */
  async #create(spec: PodSpec | UnclaimedPodSpec, { signal }: Wait): Promise<PodInformers> {
    const informers = await this.#open()
    const { delivery, resources: podResources, ucx = {}, mountsHostSys = false, nodes } = this.#parts
    const claimed =
      'template' in spec ? { ...spec, template: this.#templates.objectNameOf(spec.template) } : spec
    const parts = {
      namespace: this.namespace,
      metadata: this.#metadata,
      image: delivery.image,
      delivery: delivery.kind,
      resources: podResources,
      ucx,
      mountsHostSys,
      nodes,
    }
    await createPod(this.#client, claimed, parts, signal)
    await informers.until(() => informers.pods.get(spec.name), {
      within: WATCH_TIMEOUT,
      subject: `pod ${spec.name}`,
      until: 'to appear in the watch',
    })
    return informers
  }

  #bindingRequest(informers: PodInformers, spec: PodSpec, template: ResourceClaimTemplate): BindingRequest {
    const peers = [...this.#pods.values()].flatMap(({ scheduled }) =>
      scheduled?.spec.group === spec.group ? scheduled : [],
    )
    const [client, inventory, signal] = [this.#client, this.#inventory, this.#closing.signal]
    const { namespace } = this
    return { informers, client, inventory, spec, template, peers, namespace, signal }
  }

  /** Deletes pods and their Secrets, and resolves once pods and claims are gone. */
  async #remove(records: readonly PodRecord[], wait: Wait): Promise<void> {
    if (records.length === 0) return
    const informers = await this.#open()
    const release: Release = { client: this.#client, informers, namespace: this.namespace }
    for (const { released } of records) released.abort()
    await awaitRelease(
      release,
      records.map(({ spec }) => ({
        pod: spec.name,
        secret: spec.containers.some(({ secretEnv }) => secretEnv !== undefined)
          ? secretNameOf(spec.name)
          : undefined,
      })),
      wait,
    )
    for (const { spec, scheduled } of records) {
      this.#pods.delete(spec.name)
      this.#parts.journal.record('released', spec.name, { node: scheduled?.node })
    }
  }

  /** Returns the wait, which also ends when the target is closed. */
  #limited({ within, signal }: Wait): Wait {
    const own = this.#closing.signal
    return { within, signal: signal === undefined ? own : AbortSignal.any([own, signal]) }
  }

  #requireOpen(subject: string): void {
    if (this.#closed !== undefined) throw targetClosed(subject, 'the target has been closed')
  }
}
