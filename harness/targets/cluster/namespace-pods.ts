/**
 * The pods of a run in its Namespace: creates and starts them, reads their logs and exits, and deletes them. The Namespace and
 * its informers are created with the first pod or template.
 */
import { readFile } from 'node:fs/promises'
import { asClaimcheckError } from '../../core/errors.ts'
import { seconds } from '../../core/units.ts'
import { ContentionError } from '../../scheduling/contention-error.ts'
import type { ContainerExit, PodSpec, ScheduledPod, UnclaimedPodSpec, Wait } from '../../scheduling/pod.ts'
import type { Diagnosis } from '../target.ts'
import { isAlreadyThere } from './api-error.ts'
import * as resources from './api-resources.ts'
import type { AppliedTemplates } from './applied-templates.ts'
import { deliver } from './binary-delivery.ts'
import type { ClusterParts } from './cluster-run.ts'
import { followLog, requirePodObject } from './container-log.ts'
import { createPod } from './create-pod.ts'
import type { ObjectClient } from './object-client.ts'
import { PodInformers } from './pod-informers.ts'
import { secretNameOf } from './pod-manifest.ts'
import { startStateOf, statusOf } from './pod-status.ts'
import { awaitRelease, type Release } from './release-pods.ts'
import { namespaceManifest, type RunMetadata } from './run-namespace.ts'

export const RELEASE_TIMEOUT = seconds(90)
/** How long the watch may take to deliver a pod that was created. */
const WATCH_TIMEOUT = seconds(60)

export interface PodRecord {
  readonly spec: PodSpec | UnclaimedPodSpec
  /** Aborted when the pod is released, which ends its logs. */
  readonly released: AbortController
  scheduled?: ScheduledPod
}

interface NamespacePodsParts {
  readonly run: ClusterParts
  readonly client: ObjectClient
  readonly namespace: string
  readonly metadata: RunMetadata
  readonly templates: AppliedTemplates
  /** Aborted when the target is closed, which ends every wait. */
  readonly closing: AbortSignal
  readonly diagnose: (pod: string) => Promise<Diagnosis>
}

export class NamespacePods {
  readonly #parts: NamespacePodsParts
  readonly #records = new Map<string, PodRecord>()
  #informers: Promise<PodInformers> | undefined

  constructor(parts: NamespacePodsParts) {
    this.#parts = parts
  }

  /** The pods that were created and not yet deleted, by name. */
  get records(): ReadonlyMap<string, PodRecord> {
    return this.#records
  }

  /** Undefined as long as the run has no Namespace. */
  get informers(): Promise<PodInformers> | undefined {
    return this.#informers
  }

  /** Creates the Namespace, if it is the run's own, and starts the informers, once. */
  open(): Promise<PodInformers> {
    const { run, client, namespace, metadata, closing } = this.#parts
    this.#informers ??= (async () => {
      if (run.namespace.kind === 'own')
        await client.apply(resources.namespaces, namespaceManifest(run.runId, metadata), closing)
      return new PodInformers(client, namespace, run.runId)
    })()
    return this.#informers
  }

  /** From the return on, the pod is one that `remove` must delete. */
  register(spec: PodSpec | UnclaimedPodSpec): PodRecord {
    const record: PodRecord = { spec, released: new AbortController() }
    this.#records.set(spec.name, record)
    return record
  }

  /** Creates a pod, and resolves when the informers have it: from then on, a pod that they do not have was deleted. */
  async create(spec: PodSpec | UnclaimedPodSpec, wait: Wait): Promise<PodInformers> {
    const informers = await this.open()
    const { run, client, namespace, metadata, templates } = this.#parts
    const { delivery, resources: podResources, ucx = {}, backend = 'UCX', mountsHostSys = false, nodes } = run
    const claimed = 'template' in spec ? { ...spec, template: templates.objectNameOf(spec.template) } : spec
    const parts = {
      namespace,
      metadata,
      image: delivery.image,
      delivery: delivery.kind,
      resources: podResources,
      ucx,
      backend,
      mountsHostSys,
      nodes,
    }
    const inOwnNamespace = run.namespace.kind === 'own'
    await createPod(client, claimed, { ...parts, inOwnNamespace }, this.limited(wait).signal).catch(
      (error: unknown) => {
        // A pod or Secret of this name is somebody else's, and stays.
        if (!inOwnNamespace && isAlreadyThere(error)) this.#records.delete(spec.name)
        throw error
      },
    )
    await informers.until(() => informers.pods.get(spec.name), {
      within: WATCH_TIMEOUT,
      subject: `pod ${spec.name}`,
      until: 'to appear in the watch',
    })
    return informers
  }

  /** Waits until the pod runs, and copies the binary into it where the image does not have it. Resolves with its address. */
  async start({ name, containers }: UnclaimedPodSpec, node: string, wait: Wait): Promise<string> {
    const informers = await this.open()
    const { run, client, namespace } = this.#parts
    const started = await informers.until(
      () =>
        startStateOf(
          informers.pods.get(name),
          containers.map((one) => one.name),
          name,
        ),
      {
        ...this.limited(wait),
        subject: `pod ${name} on ${node}`,
        until: 'to run',
        lastSeen: () =>
          JSON.stringify(informers.pods.get(name)?.status.containerStatuses?.map(({ state }) => state) ?? []),
      },
    )
    const [first] = containers
    if (run.delivery.kind === 'stream' && first !== undefined) {
      const { archive } = run.delivery
      const data = await readFile(archive.path)
      const to = { namespace, pod: name, container: first.name, archive, data }
      await deliver(client.api, to, this.limited(wait))
    }
    run.journal.record('running', name, { node })
    return started.address
  }

  /** Follows a log until the pod is released, the target is closed, or `signal` is aborted. */
  async *log({ spec, released }: PodRecord, container: string, signal?: AbortSignal): AsyncGenerator<string> {
    const { pods } = await this.open()
    const { client, namespace, closing } = this.#parts
    const signals = [closing, released.signal, ...(signal === undefined ? [] : [signal])]
    const end = AbortSignal.any(signals)
    yield* followLog({ api: client.api, pods, namespace, pod: spec.name, container, signal: end })
  }

  async exit(name: string, container: string, wait: Wait): Promise<ContainerExit> {
    const informers = await this.open()
    return informers.until(
      () => {
        const { terminated } = statusOf(requirePodObject(informers.pods, name), container)?.state ?? {}
        if (terminated === undefined) return undefined
        return { code: terminated.exitCode, signal: terminated.signal ? `SIG${terminated.signal}` : null }
      },
      { ...this.limited(wait), subject: `container ${name}/${container}`, until: 'to end' },
    )
  }

  /** Deletes pods and their Secrets, and resolves once pods and claims are gone. */
  async remove(given: readonly PodRecord[], wait: Wait): Promise<void> {
    const records = given.filter((record) => this.#records.get(record.spec.name) === record)
    if (records.length === 0) return
    const informers = await this.open()
    const { run, client, namespace } = this.#parts
    const release: Release = { client, informers, namespace }
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
      this.#records.delete(spec.name)
      run.journal.record('released', spec.name, { node: scheduled?.node })
    }
  }

  /** Records the diagnosis of a pod, then removes it. A failed removal is only recorded in the journal. */
  async removeAfter(error: unknown, record: PodRecord): Promise<void> {
    const { name } = record.spec
    await this.#recordDiagnosis(name, error)
    await this.remove([record], { within: RELEASE_TIMEOUT }).catch((cause: unknown) => {
      this.#parts.run.journal.record('release-failed', name, { error: asClaimcheckError(cause).message })
    })
  }

  /** Returns the wait, which also ends when the target is closed. */
  limited({ within, signal }: Wait): Wait {
    const own = this.#parts.closing
    return { within, signal: signal === undefined ? own : AbortSignal.any([own, signal]) }
  }

  async #recordDiagnosis(pod: string, error: unknown): Promise<void> {
    const { code, message } = asClaimcheckError(error)
    if (code === 'INTERRUPTED' || error instanceof ContentionError) return
    const diagnosis = await this.#parts.diagnose(pod).catch((cause: unknown) => ({ missing: String(cause) }))
    this.#parts.run.journal.record('evidence', pod, { error: { code, message }, ...diagnosis })
  }
}
