/**
 * One pod of the same claim on every node, and what its containers saw. Takes a target and a placement; gives sightings.
 * The pods are made when first asked for and released by `close`, whatever came of them.
 */
import type { GpuPlacement, Placement } from '../claim/placement.ts'
import { resolveAllocation, type AllocatedClaim } from '../claim/allocated-claim.ts'
import { publicationOf } from '../claim/publication.ts'
import { allGpusTemplate, numaTemplate } from '../claim/claim-template.ts'
import type { Journal } from '../core/journal.ts'
import { seconds } from '../core/units.ts'
import type { Sku } from '../sku/sku.ts'
import type { ScheduledPod } from '../scheduling/pod.ts'
import type { Target } from '../targets/target.ts'
import { saveDiagnostics } from '../transfer/failure-diagnostics.ts'
import { parseVisibleDevices, type VisibleDevices } from '../transfer/visible-devices.ts'

const LIMIT = { within: seconds(120) }

export interface ContainerObservation {
  readonly node: string
  readonly container: string
  readonly allocated: AllocatedClaim
  readonly sighting: VisibleDevices
}

/** Pods of one claim, running or on record. */
export interface ClaimedPods {
  readonly sku: Sku
  readonly emulated: boolean
  /** What each pod was given, as published before. Rejects with why a claim cannot be satisfied. */
  claims(): Promise<readonly AllocatedClaim[]>
  /** What every container of every pod lists. Rejects with what kept a pod from running. */
  look(): Promise<readonly ContainerObservation[]>
}

/** What has been learnt of pods so far, and what kept more from being learnt. */
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
  readonly #pods: ScheduledPod[] = []
  #observed: PodObservations = {}
  #scheduled: Promise<readonly { pod: ScheduledPod; allocated: AllocatedClaim }[]> | undefined
  #seen: Promise<readonly (readonly ContainerObservation[])[]> | undefined

  constructor(parts: {
    target: Target
    sku: Sku
    placement: Placement | GpuPlacement
    containers: readonly string[]
    journal?: Journal
  }) {
    this.#journal = parts.journal
    this.target = parts.target
    this.sku = parts.sku
    this.placement = parts.placement
    this.#containers = parts.containers
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
      const scheduled = await this.#schedule()
      this.#seen ??= Promise.all(scheduled.map(({ pod, allocated }) => this.#lookInto(pod, allocated)))
      const seen = (await this.#seen).flat()
      this.#observed = { ...this.#observed, seen }
      return seen
    })
  }

  async close(): Promise<void> {
    await Promise.allSettled([this.#scheduled, this.#seen])
    await this.target.release(this.#pods, LIMIT)
  }

  async #observe<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      this.#observed = { ...this.#observed, failure: error }
      if (this.#journal !== undefined)
        await saveDiagnostics(this.target, this.#journal, { subject: `pods of ${this.placement.arm}`, error })
      throw error
    }
  }

  #schedule(): Promise<readonly { pod: ScheduledPod; allocated: AllocatedClaim }[]> {
    this.#scheduled ??= (async () => {
      const slices = await this.target.slices()
      const template =
        this.placement.gpus === 'all'
          ? allGpusTemplate(this.sku, { published: publicationOf(slices) })
          : numaTemplate(this.placement, this.sku, { published: publicationOf(slices) })
      await this.target.apply(template)
      const { name: group } = template.metadata
      const containers = this.#containers.map((name) => ({ name, args: ['--mode', 'devices'] }))
      for (const node of await this.target.nodes()) {
        const spec = { name: `${group}-${node}`, group, nodes: [node], template: group, containers }
        this.#pods.push(await this.target.schedule(spec, LIMIT))
      }
      return this.#pods.map((pod) => ({ pod, allocated: resolveAllocation(pod.claim, slices) }))
    })()
    return this.#scheduled
  }

  async #lookInto(
    scheduled: ScheduledPod,
    allocated: AllocatedClaim,
  ): Promise<readonly ContainerObservation[]> {
    const pod = await this.target.run(scheduled, LIMIT)
    return Promise.all(
      this.#containers.map(async (container) => {
        const sighting = await parseVisibleDevices(
          this.target.log(pod, container),
          `container ${container} of pod ${pod.spec.name}`,
        )
        return { node: pod.node, container, allocated, sighting }
      }),
    )
  }
}
