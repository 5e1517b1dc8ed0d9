/**
 * One pod of the same claim on every node, and what its containers saw. Takes a target and a placement; gives sightings.
 * The pods are made when first asked for and released by `close`, whatever came of them.
 */
import type { Placement } from '../claim/placement.ts'
import { readBack, type AllocatedClaim } from '../claim/readback.ts'
import { numaAttributesOf } from '../claim/numa-attribute.ts'
import { templateFor } from '../claim/template.ts'
import { seconds } from '../core/units.ts'
import type { Sku } from '../sku/sku.ts'
import type { ScheduledPod, Target } from '../target/target.ts'
import { parseSighting, type Sighting } from '../transfer/sighting.ts'

const LIMIT = { within: seconds(120) }

export interface SeenContainer {
  readonly node: string
  readonly container: string
  readonly allocated: AllocatedClaim
  readonly sighting: Sighting
}

export class PodSet {
  readonly placement: Placement
  readonly sku: Sku
  readonly target: Target
  readonly #containers: readonly string[]
  readonly #pods: ScheduledPod[] = []
  #seen: Promise<readonly SeenContainer[]> | undefined

  constructor(parts: { target: Target; sku: Sku; placement: Placement; containers: readonly string[] }) {
    this.target = parts.target
    this.sku = parts.sku
    this.placement = parts.placement
    this.#containers = parts.containers
  }

  /** What every container of every pod lists. Rejects with what kept a pod from running. */
  look(): Promise<readonly SeenContainer[]> {
    this.#seen ??= this.#look()
    return this.#seen
  }

  async close(): Promise<void> {
    await this.#seen?.catch(() => undefined)
    await this.target.release(this.#pods, LIMIT)
  }

  async #look(): Promise<readonly SeenContainer[]> {
    const slices = await this.target.slices()
    const template = templateFor(this.placement, this.sku, { published: numaAttributesOf(slices) })
    await this.target.apply(template)
    const nodes = await this.target.nodes()
    for (const node of nodes) {
      const containers = this.#containers.map((name) => ({ name, args: ['--mode', 'devices'] }))
      const name = `${template.metadata.name}-${node}`
      this.#pods.push(
        await this.target.schedule(
          {
            name,
            group: template.metadata.name,
            nodes: [node],
            template: template.metadata.name,
            containers,
          },
          LIMIT,
        ),
      )
    }
    const seen = await Promise.all(
      this.#pods.map(async (scheduled) => {
        const allocated = readBack(scheduled.claim, slices)
        const pod = await this.target.run(scheduled, LIMIT)
        return Promise.all(
          this.#containers.map(async (container) => {
            const sighting = await parseSighting(
              this.target.log(pod, container),
              `container ${container} of pod ${pod.spec.name}`,
            )
            return { node: pod.node, container, allocated, sighting }
          }),
        )
      }),
    )
    return seen.flat()
  }
}
