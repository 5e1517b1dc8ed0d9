/**
 * Runs pods with resource claims on a Kubernetes cluster. Everything that the target creates is in the Namespace of the run
 * and has the run's label and expiry.
 */
import type { DeviceClass, ResourceClaimTemplate, ResourceSlice } from '../../dra/objects.ts'
import { ClaimcheckError } from '../../core/errors.ts'
import type {
  ContainerExit,
  ExecResult,
  PodSpec,
  RunningPod,
  ScheduledPod,
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
import type { ClusterParts } from './cluster-run.ts'
import { awaitBinding, type BindingRequest } from './await-binding.ts'
import { ObjectClient } from './object-client.ts'
import { ClusterInventory } from './cluster-inventory.ts'
import { configFor } from './kubeconfig.ts'
import { diagnosisOf } from './diagnosis.ts'
import { execIn } from './exec.ts'
import { BINARY, RUN } from './pod-manifest.ts'
import { NamespacePods, RELEASE_TIMEOUT } from './namespace-pods.ts'
import type { PodInformers } from './pod-informers.ts'
import { PROBE, probePod } from './probe-pod.ts'
import {
  nameOfNamespace,
  removeNamespace,
  runMetadata,
  type RunMetadata,
  type RunNamespace,
} from './run-namespace.ts'
import { statusOf } from './pod-status.ts'

export class ClusterTarget implements Target {
  readonly kind: 'cluster' | 'lab'
  readonly emulation: Emulation | undefined
  readonly namespace: string
  readonly #parts: ClusterParts
  readonly #api: Api
  readonly #client: ObjectClient
  readonly #inventory: ClusterInventory
  readonly #metadata: RunMetadata
  readonly #templates: AppliedTemplates
  readonly #pods: NamespacePods
  readonly #closing = new AbortController()
  #classes: Promise<readonly DeviceClass[]> | undefined
  #closed: Promise<void> | undefined

  constructor(parts: ClusterParts) {
    this.kind = parts.kind
    this.emulation = parts.emulation
    this.namespace = nameOfNamespace(parts)
    this.#parts = parts
    this.#api = new Api(configFor(parts.connection))
    this.#client = new ObjectClient(this.#api)
    this.#inventory = new ClusterInventory(this.#client, parts.journal, parts.nodes)
    this.#metadata = runMetadata(parts.runId, Date.now(), parts.namespace)
    this.#templates = new AppliedTemplates(this.#client, {
      namespace: this.namespace,
      metadata: this.#metadata,
      runIdInNames: parts.namespace.kind === 'own' ? undefined : parts.runId,
    })
    this.#pods = new NamespacePods({
      run: parts,
      client: this.#client,
      namespace: this.namespace,
      metadata: this.#metadata,
      templates: this.#templates,
      closing: this.#closing.signal,
      diagnose: (pod) => this.diagnose(pod),
    })
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
    await this.#pods.open()
    await this.#templates.apply(template, this.#closing.signal)
  }

  async schedule(spec: PodSpec, wait: Wait): Promise<ScheduledPod> {
    this.#requireOpen(`pod ${spec.name}`)
    const template = requireTemplate(spec, this.#templates.byName, this.#pods.records)
    const record = this.#pods.register(spec)
    try {
      const informers = await this.#pods.create(spec, wait)
      const { node, claim } = await awaitBinding(
        this.#bindingRequest(informers, spec, template),
        this.#pods.limited(wait),
      )
      record.scheduled = { spec, node, claim }
      const devices = claim.status?.allocation?.devices.results
      this.#parts.journal.record('scheduled', spec.name, { node, claim: claim.metadata.name, devices })
      return record.scheduled
    } catch (error) {
      await this.#pods.removeAfter(error, record)
      throw error
    }
  }

  async run(pod: ScheduledPod, wait: Wait): Promise<RunningPod> {
    const { name } = pod.spec
    this.#requireOpen(`pod ${name}`)
    requirePod(this.#pods.records, name)
    const address = await this.#pods.start(pod.spec, pod.node, wait)
    const { claims } = await this.#pods.open()
    const claim = claims.get(pod.claim.metadata.name) ?? pod.claim
    return { ...pod, claim, address }
  }

  async *log(pod: RunningPod, container: string, signal?: AbortSignal): AsyncGenerator<string> {
    const { name } = pod.spec
    this.#requireOpen(`log of pod ${name}`)
    requireContainer(pod, container)
    const record = requirePod(this.#pods.records, name)
    yield* this.#pods.log(record, container, signal)
  }

  async exit(pod: RunningPod, container: string, wait: Wait): Promise<ContainerExit> {
    const { name } = pod.spec
    this.#requireOpen(`exit of pod ${name}`)
    requireContainer(pod, container)
    return this.#pods.exit(name, container, wait)
  }

  async exec(pod: RunningPod, container: string, args: readonly string[], wait: Wait): Promise<ExecResult> {
    const { name } = pod.spec
    this.#requireOpen(`exec in pod ${name}`)
    requireContainer(pod, container)
    const { pods } = await this.#pods.open()
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
    return execIn(
      this.#api,
      { namespace: this.namespace, pod: name, container, argv },
      this.#pods.limited(wait),
    )
  }

  async probe(node: string, args: readonly string[], wait: Wait): Promise<ExecResult> {
    const spec = probePod(node, args)
    this.#requireOpen(`pod ${spec.name}`)
    const record = this.#pods.register(spec)
    try {
      await this.#pods.create(spec, wait)
      await this.#pods.start(spec, node, wait)
      const stdout = await readLog(this.#pods.log(record, PROBE))
      const exit = await this.#pods.exit(spec.name, PROBE, wait)
      await this.#pods.remove([record], { within: RELEASE_TIMEOUT })
      return { ...exit, stdout, stderr: '' }
    } catch (error) {
      await this.#pods.removeAfter(error, record)
      throw error
    }
  }

  async release(pods: readonly ScheduledPod[], wait: Wait): Promise<void> {
    if (this.#closed !== undefined) return this.#closed
    const records = pods.flatMap(({ spec }) => this.#pods.records.get(spec.name) ?? [])
    await this.#pods.remove(records, this.#pods.limited(wait))
  }

  async diagnose(subject: string): Promise<Diagnosis> {
    const base = { subject, namespace: this.namespace, server: this.#api.server }
    if (this.#pods.informers === undefined || this.#closed !== undefined)
      return { ...base, pods: [], runtime: 'closed' }
    const [informers, slices] = await Promise.all([this.#pods.informers, this.slices()])
    const { namespace } = this
    return { ...base, ...(await diagnosisOf({ api: this.#api, informers, namespace, slices })) }
  }

  close(): Promise<void> {
    this.#closing.abort()
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    const informers = await this.#pods.informers?.catch(() => undefined)
    try {
      if (informers === undefined) return
      await this.#pods.remove([...this.#pods.records.values()], { within: RELEASE_TIMEOUT })
    } finally {
      if (informers !== undefined && removedByTarget(this.#parts.namespace))
        await removeNamespace(this.#client, this.namespace, { within: RELEASE_TIMEOUT })
      informers?.stop()
      this.#inventory.close()
    }
  }

  #bindingRequest(informers: PodInformers, spec: PodSpec, template: ResourceClaimTemplate): BindingRequest {
    const peers = [...this.#pods.records.values()].flatMap(({ scheduled }) =>
      scheduled?.spec.group === spec.group ? scheduled : [],
    )
    const [client, inventory, signal] = [this.#client, this.#inventory, this.#closing.signal]
    const { namespace } = this
    return { informers, client, inventory, spec, template, peers, namespace, signal }
  }

  #requireOpen(subject: string): void {
    if (this.#closed !== undefined) throw targetClosed(subject, 'the target has been closed')
  }
}

const removedByTarget = (namespace: RunNamespace): boolean =>
  namespace.kind === 'own' && namespace.removedBy === 'target'
