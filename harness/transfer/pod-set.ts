/**
 * One pod of the same claim on every node, and the devices that its containers see. Pods are scheduled when the claims are
 * first read, started when the visible devices are first read, and released by `close`.
 */
import type { AllocatedClaim } from '../claim/allocated-claim.ts'
import { allGpusTemplate, numaTemplate } from '../claim/claim-template.ts'
import { publicationOf } from '../claim/publication.ts'
import { describePlacement, type GpuPlacement, type Placement } from '../claim/placement.ts'
import { ClaimcheckError } from '../core/errors.ts'
import type { Journal } from '../core/journal.ts'
import { objectName } from '../core/object-name.ts'
import { seconds } from '../core/units.ts'
import type { RunningPod } from '../scheduling/pod.ts'
import type { Sku } from '../sku/sku.ts'
import type { Target } from '../targets/target.ts'
import { saveDiagnostics } from './failure-diagnostics.ts'
import { PodLease, type LeasedPod } from './pod-lease.ts'
import { parseVisibleDevices, type VisibleDevices } from './visible-devices.ts'

/** From the start of a pod to its list of devices, which takes a second. */
const OBSERVATION_TIMEOUT = seconds(120)

export interface ContainerObservation {
  readonly node: string
  readonly container: string
  readonly allocated: AllocatedClaim
  readonly visible: VisibleDevices
}

/** Pods of one claim, either running or recorded in a certificate. */
export interface ClaimedPods {
  readonly sku: Sku
  readonly emulated: boolean
  /** The allocation of each pod. Rejects when a claim cannot be satisfied. */
  claims(): Promise<readonly AllocatedClaim[]>
  /** The devices that every container of every pod sees. Rejects when a pod did not run. */
  look(): Promise<readonly ContainerObservation[]>
}

/** The observations of the pods so far, with the error that prevented the rest. */
export interface PodObservations {
  readonly claims?: readonly AllocatedClaim[]
  readonly seen?: readonly ContainerObservation[]
  readonly failure?: unknown
}

export class PodSet implements ClaimedPods {
  readonly placement: Placement | GpuPlacement
  readonly sku: Sku
  readonly target: Target
  readonly #containers: readonly string[]
  readonly #journal: Journal | undefined
  readonly #lease: PodLease
  readonly #closing = new AbortController()
  #observed: PodObservations = {}
  #pods: Promise<readonly LeasedPod[]> | undefined
  #seen: Promise<readonly (readonly ContainerObservation[])[]> | undefined

  constructor(parts: {
    target: Target
    sku: Sku
    placement: Placement | GpuPlacement
    containers: readonly string[]
    journal?: Journal
  }) {
    this.target = parts.target
    this.sku = parts.sku
    this.placement = parts.placement
    this.#containers = parts.containers
    this.#journal = parts.journal
    this.#lease = new PodLease(parts)
  }

  get emulated(): boolean {
    return this.target.emulation !== undefined
  }

  get observed(): PodObservations {
    return this.#observed
  }

  claims(): Promise<readonly AllocatedClaim[]> {
    return this.#observe(async () => {
      const claims = (await this.#schedule()).map(({ allocated }) => allocated)
      this.#observed = { ...this.#observed, claims }
      return claims
    })
  }

  async look(): Promise<readonly ContainerObservation[]> {
    await this.claims()
    return this.#observe(async () => {
      const pods = await this.#schedule()
      this.#seen ??= Promise.all(pods.map((pod) => this.#inspect(pod)))
      const seen = (await this.#seen).flat()
      this.#observed = { ...this.#observed, seen }
      return seen
    })
  }

  /** Ends the reading of logs, then releases the pods. */
  async close(): Promise<void> {
    this.#closing.abort()
    await Promise.allSettled([this.#pods, this.#seen])
    await this.#lease.release()
  }

  async #observe<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      this.#observed = { ...this.#observed, failure: error }
      if (this.#journal !== undefined)
        await saveDiagnostics(this.target, this.#journal, {
          subject: `pods with ${this.placement.gpus === 'all' ? 'all GPUs' : describePlacement(this.placement)}`,
          error,
        })
      throw error
    }
  }

  #schedule(): Promise<readonly LeasedPod[]> {
    this.#pods ??= this.#scheduleOnEveryNode()
    return this.#pods
  }

  async #scheduleOnEveryNode(): Promise<readonly LeasedPod[]> {
    const published = publicationOf(await this.#lease.slices())
    const classes = await this.target.deviceClasses()
    const template =
      this.placement.gpus === 'all'
        ? allGpusTemplate(this.sku, { published, classes })
        : numaTemplate(this.placement, this.sku, { published, classes })
    await this.target.apply(template)
    const { name: group } = template.metadata
    const containers = this.#containers.map((name) => ({ name, args: ['--mode', 'devices'] }))
    const pods: LeasedPod[] = []
    for (const node of await this.target.nodes()) {
      const spec = { name: objectName(`${group}-${node}`), group, nodes: [node], template: group, containers }
      pods.push(await this.#lease.schedule(spec))
    }
    return pods
  }

  async #inspect({ allocated, running }: LeasedPod): Promise<readonly ContainerObservation[]> {
    const pod = await running()
    return Promise.all(
      this.#containers.map(async (container) => {
        const visible = await this.#visibleDevices(pod, container)
        return { node: pod.node, container, allocated, visible }
      }),
    )
  }

  /** Rejects as `parseVisibleDevices` does, or with DEADLINE. */
  async #visibleDevices(pod: RunningPod, container: string): Promise<VisibleDevices> {
    const subject = `container ${container} of pod ${pod.spec.name}`
    const limit = AbortSignal.timeout(OBSERVATION_TIMEOUT * 1000)
    const log = this.target.log(pod, container, AbortSignal.any([this.#closing.signal, limit]))
    try {
      return await parseVisibleDevices(log, subject)
    } catch (cause) {
      if (!limit.aborted) throw cause
      throw new ClaimcheckError('DEADLINE', {
        subject,
        problem: `timed out after ${OBSERVATION_TIMEOUT} s waiting for its list of devices`,
        hint: 'Look at the log and the events of the pod.',
        cause,
      })
    }
  }
}
