/**
 * The emulated rack as a target: publishes the devices of a rack file, allocates claims as Kubernetes does, and runs pods
 * through a runtime. Every object is kept in this process; nothing remains after `close`.
 */
import type { DeviceClass, ResourceClaimTemplate, ResourceSlice } from '../../dra/objects.ts'
import type { Journal } from '../../core/journal.ts'
import { deviceMetadataFiles } from '../../emulation/device-metadata.ts'
import { deviceStatuses } from '../../emulation/device-status.ts'
import { withLogFaults } from '../../emulation/log-faults.ts'
import { planPod } from '../../emulation/pod-plan.ts'
import { describeEmulation } from '../../emulation/describe-emulation.ts'
import { publishRack } from '../../emulation/publish-rack.ts'
import { requireFaultSupport } from '../../rack/fault-support.ts'
import type { Rack } from '../../rack/rack.ts'
import { InProcessScheduler } from '../../scheduling/in-process-scheduler.ts'
import {
  allocatedDevices,
  type ContainerExit,
  type ExecResult,
  type PodSpec,
  type RunningPod,
  type ScheduledPod,
  type Wait,
} from '../../scheduling/pod.ts'
import { alreadyStarted, requireNode, targetClosed } from '../../scheduling/preconditions.ts'
import { readLog } from '../read-log.ts'
import type { Diagnosis, Emulation, Target } from '../target.ts'
import type { PodRuntime } from './pod-runtime.ts'

/** The container of a pod that probes its node. */
const PROBE = 'probe'

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
  readonly #scheduler: InProcessScheduler
  /** By pod, from the moment the runtime begins to start it. */
  readonly #starts = new Map<string, Promise<void>>()
  #addresses = 0
  #closed: Promise<void> | undefined

  constructor({ rack, runtime, kind, journal }: EmulatedParts) {
    requireFaultSupport(rack, 'emulated')
    this.#rack = rack
    this.#runtime = runtime
    this.#journal = journal
    this.#scheduler = new InProcessScheduler({ nodes: rack.nodes, ...publishRack(rack), journal })
    this.emulation = describeEmulation(rack, kind)
  }

  async nodes(): Promise<readonly string[]> {
    return this.#scheduler.nodes
  }

  async slices(): Promise<readonly ResourceSlice[]> {
    return this.#scheduler.slices
  }

  async deviceClasses(): Promise<readonly DeviceClass[]> {
    return this.#scheduler.classes
  }

  async apply(template: ResourceClaimTemplate): Promise<void> {
    this.#scheduler.apply(template)
  }

  async schedule(spec: PodSpec, wait: Wait): Promise<ScheduledPod> {
    this.#refuseWhenClosed(`pod ${spec.name}`)
    return this.#scheduler.schedule(spec, wait)
  }

  async run(pod: ScheduledPod, wait: Wait): Promise<RunningPod> {
    const { name, containers } = pod.spec
    this.#refuseWhenClosed(`pod ${name}`)
    this.#scheduler.pod(name)
    if (this.#starts.has(name)) throw alreadyStarted(name)
    const address = this.#nextAddress()
    const deviceMetadata = deviceMetadataFiles(pod.claim, this.#scheduler.slices)
    const { memoryNumaNode } = pod.spec
    const plan = planPod(
      this.#rack,
      { name, node: pod.node, address, containers, memoryNumaNode, deviceMetadata },
      allocatedDevices(pod),
    )
    const start = this.#runtime.start(plan, wait)
    this.#starts.set(name, start)
    await start
    this.#journal.record('running', name, { node: pod.node })
    const status = { ...pod.claim.status, devices: deviceStatuses(pod.node, plan.nics) }
    return { ...pod, claim: { ...pod.claim, status }, address }
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

  async probe(node: string, args: readonly string[], wait: Wait): Promise<ExecResult> {
    const address = this.#nextAddress()
    const name = `probe-${address.replaceAll('.', '-')}`
    this.#refuseWhenClosed(`pod ${name}`)
    requireNode(this.#scheduler.nodes, node)
    const containers = [{ name: PROBE, args }]
    const plan = planPod(this.#rack, { name, node, address, containers }, [])
    const start = this.#runtime.start(plan, wait)
    try {
      await start
      const stdout = await readLog(this.#runtime.log(name, PROBE, wait.signal))
      const exit = await this.#runtime.exit(name, PROBE, wait)
      return { ...exit, stdout, stderr: '' }
    } finally {
      await this.#runtime.stop(name, wait)
    }
  }

  async release(pods: readonly ScheduledPod[], wait: Wait): Promise<void> {
    if (this.#closed !== undefined) return this.#closed
    await this.#scheduler.release(pods, async (name) => {
      const start = this.#starts.get(name)
      if (start === undefined) return
      await start.catch(() => undefined)
      await this.#runtime.stop(name, wait)
      this.#starts.delete(name)
    })
  }

  async diagnose(subject: string): Promise<Diagnosis> {
    return {
      subject,
      rack: this.#rack.name,
      faults: this.emulation.faults,
      pods: this.#scheduler.pods.map(({ spec: { name }, node, claim }) => ({
        name,
        node,
        started: this.#starts.has(name),
        claim,
      })),
      runtime: this.#closed === undefined ? await this.#runtime.inspect() : 'closed',
    }
  }

  close(): Promise<void> {
    this.#scheduler.close()
    this.#closed ??= this.#runtime.close().then(() => this.#scheduler.clear())
    return this.#closed
  }

  #nextAddress(): string {
    const n = 10 + (this.#addresses++ % 60_000)
    return `10.244.${n >> 8}.${n & 255}`
  }

  #refuseWhenClosed(subject: string): void {
    if (this.#closed !== undefined) throw targetClosed(subject, 'the rack has been closed')
  }
}
