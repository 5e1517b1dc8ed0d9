/**
 * This machine as a target with one node: publishes its devices, allocates claims as Kubernetes does, and runs pods as
 * processes that see only the GPUs and NICs of their claim. Nothing remains after `close`.
 */
import { execa } from 'execa'
import type { DeviceClass, ResourceClaimTemplate, ResourceSlice } from '../../dra/objects.ts'
import { withTimeout } from '../../core/timeout.ts'
import { ClaimcheckError } from '../../core/errors.ts'
import type { Journal } from '../../core/journal.ts'
import type { Nixl } from '../../native/nixl.ts'
import { InProcessScheduler } from '../../scheduling/in-process-scheduler.ts'
import type { DeviceInUse } from '../../scheduling/node-devices.ts'
import type {
  ContainerExit,
  ExecResult,
  PodSpec,
  RunningPod,
  ScheduledPod,
  Wait,
} from '../../scheduling/pod.ts'
import {
  alreadyStarted,
  requireContainer,
  requireNode,
  targetClosed,
} from '../../scheduling/preconditions.ts'
import type { Diagnosis, Target } from '../target.ts'
import { busyGpus } from './busy-gpus.ts'
import { HostProcess } from './host-process.ts'
import { takeInventory, type Inventory } from './inventory.ts'
import { lockMachine, type MachineLock } from './machine-lock.ts'
import { claimedByName, environmentOf } from './pod-environment.ts'
import { publishInventory } from './publish-inventory.ts'

const ADDRESS = '127.0.0.1'

export interface HostParts {
  readonly transfer: string
  readonly nixl: Nixl
  readonly journal: Journal
  /** Variables of UCX in the pods; absent for none. */
  readonly ucx?: Readonly<Record<string, string>>
  /** Where programs and the driver's libraries are looked for. */
  readonly env: Readonly<Record<string, string | undefined>>
}

/** By container. */
type PodProcesses = ReadonlyMap<string, HostProcess>

export class HostTarget implements Target {
  readonly kind = 'host'
  readonly emulation = undefined
  readonly #parts: HostParts
  readonly #inventory: Inventory
  readonly #lock: MachineLock
  readonly #scheduler: InProcessScheduler
  readonly #processes = new Map<string, PodProcesses>()
  #closed: Promise<void> | undefined

  private constructor(parts: HostParts, inventory: Inventory, lock: MachineLock) {
    this.#parts = parts
    this.#inventory = inventory
    this.#lock = lock
    this.#scheduler = new InProcessScheduler({
      nodes: [inventory.node],
      ...publishInventory(inventory),
      journal: parts.journal,
      foreignDevices: () => this.#foreignGpus(),
    })
  }

  /** Rejects with TARGET_UNAVAILABLE: no driver or GPU, a GPU that does not answer, or a machine that another run uses. */
  static async open(parts: HostParts): Promise<HostTarget> {
    const lock = await lockMachine()
    try {
      const inventory = await takeInventory()
      parts.journal.record('host-opened', inventory.node, {
        gpus: inventory.gpus.length,
        nics: inventory.nics.length,
        warnings: inventory.warnings,
      })
      return new HostTarget(parts, inventory, lock)
    } catch (error) {
      await lock.release()
      throw error
    }
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

  async run(pod: ScheduledPod): Promise<RunningPod> {
    const { name, containers } = pod.spec
    this.#refuseWhenClosed(`pod ${name}`)
    this.#scheduler.pod(name)
    if (this.#processes.has(name)) throw alreadyStarted(name)
    const env = environmentOf(pod, this.#inventory, this.#parts)
    const processes = new Map(
      containers.map((container) => [
        container.name,
        new HostProcess({
          subject: `container ${name}/${container.name}`,
          binary: this.#parts.transfer,
          args: claimedByName(container.args, pod, this.#inventory),
          env: { ...env, ...container.secretEnv },
        }),
      ]),
    )
    this.#processes.set(name, processes)
    this.#parts.journal.record('running', name, { pids: [...processes.values()].map(({ pid }) => pid) })
    return { ...pod, address: ADDRESS }
  }

  log(pod: RunningPod, container: string, signal?: AbortSignal): AsyncIterable<string> {
    return this.#process(pod, container).log.read(signal)
  }

  exit(pod: RunningPod, container: string, wait: Wait): Promise<ContainerExit> {
    const { log } = this.#process(pod, container)
    const lastSeen = (): string => `still running, last lines ${JSON.stringify(log.lastLines.slice(-3))}`
    return withTimeout(log.exit, {
      ...wait,
      subject: `container ${pod.spec.name}/${container}`,
      until: 'to end',
      lastSeen,
    })
  }

  async exec(pod: RunningPod, container: string, args: readonly string[], wait: Wait): Promise<ExecResult> {
    const subject = `container ${pod.spec.name}/${container}`
    if (this.#process(pod, container).log.ended)
      throw new ClaimcheckError('EXEC_FAILED', {
        subject,
        problem: 'has ended: nothing can be run beside it',
      })
    const { exitCode, signal, stdout, stderr, timedOut } = await execa(
      this.#parts.transfer,
      claimedByName(args, pod, this.#inventory),
      {
        reject: false,
        extendEnv: false,
        env: environmentOf(pod, this.#inventory, this.#parts),
        timeout: Math.ceil(wait.within * 1000),
        forceKillAfterDelay: 1000,
        ...(wait.signal === undefined ? {} : { cancelSignal: wait.signal }),
      },
    )
    if (timedOut)
      throw new ClaimcheckError('DEADLINE', { subject: `exec in ${subject}`, problem: 'did not end in time' })
    return { code: exitCode ?? null, signal: signal ?? null, stdout, stderr }
  }

  async probe(node: string, args: readonly string[], wait: Wait): Promise<ExecResult> {
    this.#refuseWhenClosed(`a probe of ${node}`)
    requireNode(this.#scheduler.nodes, node)
    const { PATH, LD_LIBRARY_PATH } = this.#parts.env
    const { exitCode, signal, stdout, stderr, timedOut } = await execa(this.#parts.transfer, args, {
      reject: false,
      extendEnv: false,
      env: { PATH, LD_LIBRARY_PATH },
      timeout: Math.ceil(wait.within * 1000),
      forceKillAfterDelay: 1000,
      ...(wait.signal === undefined ? {} : { cancelSignal: wait.signal }),
    })
    if (timedOut)
      throw new ClaimcheckError('DEADLINE', { subject: `a probe of ${node}`, problem: 'did not end in time' })
    return { code: exitCode ?? null, signal: signal ?? null, stdout, stderr }
  }

  async release(pods: readonly ScheduledPod[], wait: Wait): Promise<void> {
    if (this.#closed !== undefined) return this.#closed
    await this.#scheduler.release(pods, async (name) => {
      await withTimeout(this.#stop(name), { ...wait, subject: `pod ${name}`, until: 'to be gone' })
      this.#processes.delete(name)
    })
  }

  async diagnose(subject: string): Promise<Diagnosis> {
    const pods = this.#scheduler.pods.map(({ spec, claim }) => ({
      name: spec.name,
      claim,
      containers: Object.fromEntries(
        [...(this.#processes.get(spec.name) ?? [])].map(([container, { pid, log }]) => [
          container,
          { pid, lastLines: log.lastLines, stderr: log.stderr },
        ]),
      ),
    }))
    return { subject, node: this.#inventory.node, pods, links: this.#inventory.links ?? 'unknown' }
  }

  close(): Promise<void> {
    this.#scheduler.close()
    this.#closed ??= (async () => {
      await Promise.all([...this.#processes.keys()].map((name) => this.#stop(name)))
      this.#processes.clear()
      this.#scheduler.clear()
      await this.#lock.release()
    })()
    return this.#closed
  }

  async #stop(name: string): Promise<void> {
    const processes = [...(this.#processes.get(name)?.values() ?? [])]
    await Promise.all(processes.map((process) => process.stop()))
  }

  /** GPUs that other programs use: a measurement on such a GPU would mean nothing. */
  async #foreignGpus(): Promise<DeviceInUse[]> {
    const own = [...this.#processes.values()].flatMap((pod) => [...pod.values()].map(({ pid }) => pid))
    const { node, vendor, discovery, gpus } = this.#inventory
    const busy = await busyGpus(discovery, gpus, new Set(own))
    return busy.map(({ gpu, holder }) => ({ driver: vendor.driver, pool: node, device: gpu.name, holder }))
  }

  #process(pod: RunningPod, container: string): HostProcess {
    const { name } = pod.spec
    this.#refuseWhenClosed(`container ${name}/${container}`)
    this.#scheduler.pod(name)
    requireContainer(pod, container)
    const process = this.#processes.get(name)?.get(container)
    if (process !== undefined) return process
    throw new ClaimcheckError('NOT_FOUND', {
      subject: `container ${name}/${container}`,
      problem: 'does not run: its pod was not started',
    })
  }

  #refuseWhenClosed(subject: string): void {
    if (this.#closed !== undefined) throw targetClosed(subject, 'the target has been closed')
  }
}
