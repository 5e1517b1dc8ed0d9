/**
 * The emulated rack as a target: publishes devices, allocates claims as Kubernetes does, and runs pods through a runtime.
 * Takes a rack and a runtime; keeps every object in this process. Nothing of it outlives `close`.
 */
import type { ResourceClaimTemplate, ResourceSlice } from '../../dra/objects.ts'
import { ClaimcheckError } from '../../core/errors.ts'
import type { Journal } from '../../core/journal.ts'
import { requireFaultSupport } from '../../rack/fault-support.ts'
import { describeFault } from '../../rack/fault.ts'
import type { Rack } from '../../rack/rack.ts'
import type {
  ContainerExit,
  ExecResult,
  PodSpec,
  RunningPod,
  ScheduledPod,
  Wait,
} from '../../scheduling/pod.ts'
import type { Diagnosis, Emulation, Target } from '../target.ts'
import { alreadyStarted, requirePod, requireTemplate, targetClosed } from '../../scheduling/preconditions.ts'
import { allocate } from '../../scheduling/allocate.ts'
import type { DeviceInUse } from '../../scheduling/node-devices.ts'
import { withLogFaults } from '../../emulation/log-faults.ts'
import { planPod } from '../../emulation/pod-plan.ts'
import { deviceStatuses } from '../../emulation/device-status.ts'
import { allocatedClaim } from '../../scheduling/claim-status.ts'
import { publishRack } from '../../emulation/publish-rack.ts'
import { SchedulingQueue } from '../../scheduling/scheduling-queue.ts'
import type { PodRuntime } from './pod-runtime.ts'

interface PodRecord {
  readonly pod: ScheduledPod
  readonly address: string
  /** From the moment the runtime was asked to start it. */
  started?: Promise<void>
}

export interface EmulatedParts {
  readonly rack: Rack
  readonly runtime: PodRuntime
  readonly kind: Emulation['runtime']
  readonly journal: Journal
}

export class EmulatedTarget implements Target {
  readonly kind = 'emulated'
  readonly emulation: Emulation
  readonly #rack: Rack
  readonly #runtime: PodRuntime
  readonly #journal: Journal
  readonly #published
  readonly #templates = new Map<string, ResourceClaimTemplate>()
  readonly #pods = new Map<string, PodRecord>()
  readonly #queue = new SchedulingQueue()
  readonly #over = new AbortController()
  #addresses = 0
  #closed: Promise<void> | undefined

  constructor({ rack, runtime, kind, journal }: EmulatedParts) {
    requireFaultSupport(rack, 'emulated')
    this.#rack = rack
    this.#runtime = runtime
    this.#journal = journal
    this.#published = publishRack(rack)
    const { name, scale, transfer } = rack
    this.emulation = { rack: name, faults: rack.faults.map(describeFault), scale, runtime: kind, transfer }
  }

  async nodes(): Promise<readonly string[]> {
    return this.#rack.nodes
  }

  async slices(): Promise<readonly ResourceSlice[]> {
    return this.#published.slices
  }

  async apply(template: ResourceClaimTemplate): Promise<void> {
    this.#templates.set(template.metadata.name, template)
  }

  async schedule(spec: PodSpec, wait: Wait): Promise<ScheduledPod> {
    this.#refuseWhenClosed(`pod ${spec.name}`)
    const template = requireTemplate(spec, this.#templates, this.#pods)
    const place = await this.#queue.place(
      `pod ${spec.name}`,
      () => (held) => this.#find(spec, template, held === 'held' ? this.#held() : []),
      { ...wait, signal: this.#orOver(wait.signal) },
    )
    const pod = { spec, ...place }
    this.#pods.set(spec.name, { pod, address: this.#nextAddress() })
    this.#journal.record('scheduled', spec.name, {
      node: pod.node,
      claim: pod.claim.metadata.name,
      devices: pod.claim.status?.allocation?.devices.results,
    })
    return pod
  }

  async run(pod: ScheduledPod, wait: Wait): Promise<RunningPod> {
    this.#refuseWhenClosed(`pod ${pod.spec.name}`)
    const record = requirePod(this.#pods, pod.spec.name)
    if (record.started !== undefined) throw alreadyStarted(pod.spec.name)
    const devices = pod.claim.status?.allocation?.devices.results ?? []
    const plan = planPod(
      this.#rack,
      { name: pod.spec.name, node: pod.node, address: record.address, containers: pod.spec.containers },
      devices,
    )
    record.started = this.#runtime.start(plan, wait)
    await record.started
    this.#journal.record('running', pod.spec.name, { node: pod.node })
    const claim = {
      ...pod.claim,
      status: { ...pod.claim.status, devices: deviceStatuses(pod.node, plan.nics) },
    }
    return { ...pod, claim, address: record.address }
  }

  log(pod: RunningPod, container: string, signal?: AbortSignal): AsyncIterable<string> {
    this.#refuseWhenClosed(`log of pod ${pod.spec.name}`)
    return withLogFaults(this.#runtime.log(pod.spec.name, container, signal), this.#rack, pod.node)
  }

  async exit(pod: RunningPod, container: string, wait: Wait): Promise<ContainerExit> {
    this.#refuseWhenClosed(`exit of pod ${pod.spec.name}`)
    return this.#runtime.exit(pod.spec.name, container, wait)
  }

  async exec(pod: RunningPod, container: string, args: readonly string[], wait: Wait): Promise<ExecResult> {
    this.#refuseWhenClosed(`exec in pod ${pod.spec.name}`)
    return this.#runtime.exec(pod.spec.name, container, args, wait)
  }

  async release(pods: readonly ScheduledPod[], wait: Wait): Promise<void> {
    if (this.#closed !== undefined) return this.#closed
    await Promise.all(
      pods.map(async ({ spec }) => {
        const record = this.#pods.get(spec.name)
        if (record === undefined) return
        // Its devices stay taken until the runtime says that nothing of the pod is left.
        if (record.started !== undefined) {
          await record.started.catch(() => undefined)
          await this.#runtime.stop(spec.name, wait)
        }
        this.#pods.delete(spec.name)
        this.#journal.record('released', spec.name, { node: record.pod.node })
      }),
    )
    this.#queue.released()
  }

  async diagnose(subject: string): Promise<Diagnosis> {
    return {
      subject,
      rack: this.#rack.name,
      faults: this.#rack.faults.map(describeFault),
      pods: [...this.#pods.values()].map(({ pod, started }) => ({
        name: pod.spec.name,
        node: pod.node,
        started: started !== undefined,
        claim: pod.claim,
      })),
      runtime: this.#closed === undefined ? await this.#runtime.inspect() : 'closed',
    }
  }

  close(): Promise<void> {
    this.#over.abort()
    this.#closed ??= this.#runtime.close().then(() => this.#pods.clear())
    return this.#closed
  }

  /** Where the pod could go, or why nowhere. */
  #find(
    spec: PodSpec,
    template: ResourceClaimTemplate,
    allocated: readonly DeviceInUse[],
  ): Pick<ScheduledPod, 'node' | 'claim'> | ClaimcheckError {
    const name = `${spec.name}-devices`
    try {
      const { node, claims } = allocate({
        claims: [{ name, spec: template.spec.spec }],
        nodes: this.#rack.nodes,
        excluded: this.#excluded(spec),
        slices: this.#published.slices,
        classes: this.#published.classes,
        allocated,
      })
      const results = claims.flatMap((one) => one.results)
      return { node, claim: allocatedClaim({ name, template, node, results, pod: spec.name }) }
    } catch (error) {
      if (error instanceof ClaimcheckError && error.code === 'CLAIM_UNSATISFIABLE') return error
      throw error
    }
  }

  /** Nodes that hold a pod of the same group, and nodes that the pod may not run on. */
  #excluded({ group, nodes }: PodSpec): { node: string; reason: string }[] {
    const peers = [...this.#pods.values()].filter(({ pod }) => pod.spec.group === group)
    return [
      ...peers.map(({ pod }) => ({ node: pod.node, reason: `holds pod ${pod.spec.name} of the same group` })),
      ...this.#rack.nodes
        .filter((node) => nodes !== undefined && !nodes.includes(node))
        .map((node) => ({ node, reason: `is not one of ${nodes?.join(', ')}` })),
    ]
  }

  #held(): DeviceInUse[] {
    return [...this.#pods.values()].flatMap(({ pod }) =>
      (pod.claim.status?.allocation?.devices.results ?? []).map((device) => ({
        ...device,
        holder: `pod ${pod.spec.name}`,
      })),
    )
  }

  #orOver(signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? this.#over.signal : AbortSignal.any([signal, this.#over.signal])
  }

  #nextAddress(): string {
    const n = 10 + (this.#addresses++ % 60_000)
    return `10.244.${n >> 8}.${n & 255}`
  }

  #refuseWhenClosed(subject: string): void {
    if (this.#closed !== undefined) throw targetClosed(subject, 'the rack has been closed')
  }
}
