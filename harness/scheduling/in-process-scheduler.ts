/**
 * The scheduler of targets that have no API server. It keeps the applied templates and the scheduled pods of one target,
 * and allocates a pod's claim as Kubernetes' scheduler does. A pod whose devices are in use waits for a release.
 */
import { ClaimcheckError } from '../core/errors.ts'
import type { Journal } from '../core/journal.ts'
import type { DeviceClass, ResourceClaimTemplate, ResourceSlice } from '../dra/objects.ts'
import { allocate } from './allocate.ts'
import { allocatedClaim } from './claim-status.ts'
import type { DeviceInUse } from './node-devices.ts'
import { allocatedDevices, type PodSpec, type ScheduledPod, type Wait } from './pod.ts'
import { requirePod, requireTemplate } from './preconditions.ts'
import { SchedulingQueue } from './scheduling-queue.ts'

export interface SchedulerParts {
  /** In the order in which they are tried. */
  readonly nodes: readonly string[]
  readonly slices: readonly ResourceSlice[]
  readonly classes: readonly DeviceClass[]
  readonly journal: Journal
  /** Lists the devices that programs outside this target use now. Absent: there are none. */
  readonly foreignDevices?: () => Promise<readonly DeviceInUse[]>
}

export class InProcessScheduler {
  readonly nodes: readonly string[]
  readonly slices: readonly ResourceSlice[]
  readonly classes: readonly DeviceClass[]
  readonly #journal: Journal
  readonly #foreignDevices: () => Promise<readonly DeviceInUse[]>
  readonly #templates = new Map<string, ResourceClaimTemplate>()
  readonly #pods = new Map<string, ScheduledPod>()
  readonly #queue = new SchedulingQueue()
  readonly #closing = new AbortController()

  constructor({ nodes, slices, classes, journal, foreignDevices }: SchedulerParts) {
    this.nodes = nodes
    this.slices = slices
    this.classes = classes
    this.#journal = journal
    this.#foreignDevices = foreignDevices ?? (async () => [])
  }

  /** The pods that hold devices, in the order in which they were scheduled. */
  get pods(): readonly ScheduledPod[] {
    return [...this.#pods.values()]
  }

  /** Throws NOT_FOUND for a pod that is not scheduled. */
  pod(name: string): ScheduledPod {
    return requirePod(this.#pods, name)
  }

  apply(template: ResourceClaimTemplate): void {
    this.#templates.set(template.metadata.name, template)
  }

  /** Rejects with CLAIM_UNSATISFIABLE, NOT_FOUND, ALREADY_EXISTS, INTERRUPTED, or an error that `allocate` throws. */
  async schedule(spec: PodSpec, wait: Wait): Promise<ScheduledPod> {
    const template = requireTemplate(spec, this.#templates, this.#pods)
    const pod = await this.#queue.place(
      `pod ${spec.name}`,
      async () => {
        const foreign = await this.#foreignDevices()
        return (held) =>
          this.#place(spec, template, held === 'held' ? [...this.#held(), ...foreign] : foreign)
      },
      { ...wait, signal: AbortSignal.any([this.#closing.signal, ...(wait.signal ? [wait.signal] : [])]) },
    )
    this.#pods.set(spec.name, pod)
    this.#journal.record('scheduled', spec.name, {
      node: pod.node,
      claim: pod.claim.metadata.name,
      devices: allocatedDevices(pod),
    })
    return pod
  }

  /**
   * Frees the devices of each pod once `stop` has resolved for it, then lets waiting pods try again. Ignores pods that
   * are not scheduled. Rejects as `stop` does; the devices of that pod stay in use.
   */
  async release(pods: readonly ScheduledPod[], stop: (name: string) => Promise<void>): Promise<void> {
    await Promise.all(
      pods.map(async ({ spec: { name } }) => {
        const pod = this.#pods.get(name)
        if (pod === undefined) return
        await stop(name)
        this.#pods.delete(name)
        this.#journal.record('released', name, { node: pod.node })
      }),
    )
    this.#queue.released()
  }

  /** Interrupts the pods that wait. */
  close(): void {
    this.#closing.abort()
  }

  /** Frees all devices. */
  clear(): void {
    this.#pods.clear()
  }

  /** Returns the error if no node has the devices, since the queue decides whether the pod waits. */
  #place(
    spec: PodSpec,
    template: ResourceClaimTemplate,
    allocated: readonly DeviceInUse[],
  ): ScheduledPod | ClaimcheckError {
    const name = `${spec.name}-devices`
    try {
      const { node, claims } = allocate({
        claims: [{ name, spec: template.spec.spec }],
        nodes: this.nodes,
        excluded: this.#excluded(spec),
        slices: this.slices,
        classes: this.classes,
        allocated,
      })
      const results = claims.flatMap((claim) => claim.results)
      return { spec, node, claim: allocatedClaim({ name, template, node, results, pod: spec.name }) }
    } catch (error) {
      if (error instanceof ClaimcheckError && error.code === 'CLAIM_UNSATISFIABLE') return error
      throw error
    }
  }

  /** Nodes that run a pod of the same group, and nodes that the pod may not run on. */
  #excluded({ group, nodes }: PodSpec): { node: string; reason: string }[] {
    const peers = this.pods.filter(({ spec }) => spec.group === group)
    const others = nodes === undefined ? [] : this.nodes.filter((node) => !nodes.includes(node))
    return [
      ...peers.map(({ node, spec }) => ({ node, reason: `holds pod ${spec.name} of the same group` })),
      ...others.map((node) => ({ node, reason: `is not one of ${nodes?.join(', ')}` })),
    ]
  }

  #held(): DeviceInUse[] {
    return this.pods.flatMap((pod) =>
      allocatedDevices(pod).map((device) => ({ ...device, holder: `pod ${pod.spec.name}` })),
    )
  }
}
