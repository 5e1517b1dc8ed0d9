/**
 * This machine as a rack of one node. Takes its inventory and the native parts; publishes its devices, allocates claims
 * as Kubernetes does, and runs pods as processes that see the claimed GPUs and NICs only. Nothing of it outlives `close`.
 */
import { execa } from 'execa'
import type { ResourceClaimTemplate, ResourceSlice } from '../../dra/objects.ts'
import { nvidia } from '../../vendors/nvidia.ts'
import { withTimeout } from '../../core/timeout.ts'
import { ClaimcheckError } from '../../core/errors.ts'
import type { Journal } from '../../core/journal.ts'
import type { Nixl } from '../../native/nixl.ts'
import { allocate } from '../../scheduling/allocate.ts'
import type { DeviceInUse } from '../../scheduling/node-devices.ts'
import { allocatedClaim } from '../../scheduling/claim-status.ts'
import { SchedulingQueue, type PlacementAttempt } from '../../scheduling/scheduling-queue.ts'
import {
  alreadyStarted,
  requirePod,
  requireContainer,
  requireTemplate,
  targetClosed,
} from '../preconditions.ts'
import type {
  ContainerExit,
  ExecResult,
  PodSpec,
  RunningPod,
  ScheduledPod,
  Wait,
} from '../../scheduling/pod.ts'
import type { Diagnosis, Target } from '../target.ts'
import { busyGpus } from './busy-gpus.ts'
import { lockMachine, type MachineLock } from './machine-lock.ts'
import { HostProcess } from './host-process.ts'
import { claimedByName, allocatedDevices, environmentOf } from './pod-environment.ts'
import { takeInventory, type Inventory } from './inventory.ts'
import { publishInventory } from './publish-inventory.ts'

const ADDRESS = '127.0.0.1'

export interface HostParts {
  readonly transfer: string
  readonly nixl: Nixl
  readonly journal: Journal
  /** Where programs and the driver's libraries are looked for. */
  readonly env: Readonly<Record<string, string | undefined>>
}

interface PodRecord {
  readonly pod: ScheduledPod
  readonly processes: Map<string, HostProcess>
}

export class HostTarget implements Target {
  readonly kind = 'host'
  readonly emulation = undefined
  readonly #parts: HostParts
  readonly #inventory: Inventory
  readonly #hold: MachineLock
  readonly #published
  readonly #templates = new Map<string, ResourceClaimTemplate>()
  readonly #pods = new Map<string, PodRecord>()
  readonly #queue = new SchedulingQueue()
  #closed: Promise<void> | undefined

  private constructor(parts: HostParts, inventory: Inventory, hold: MachineLock) {
    this.#parts = parts
    this.#inventory = inventory
    this.#hold = hold
    this.#published = publishInventory(inventory)
  }

  /** Rejects with TARGET_UNAVAILABLE: no driver or GPU, one that does not answer, or devices that another run holds. */
  static async open(parts: HostParts): Promise<HostTarget> {
    const hold = await lockMachine()
    try {
      const inventory = await takeInventory()
      parts.journal.record('host-opened', inventory.node, {
        gpus: inventory.gpus.length,
        nics: inventory.nics.length,
      })
      return new HostTarget(parts, inventory, hold)
    } catch (error) {
      await hold.release()
      throw error
    }
  }

  async nodes(): Promise<readonly string[]> {
    return [this.#inventory.node]
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
    const attempt = async (): Promise<PlacementAttempt<ScheduledPod>> => {
      const foreign = await this.#foreign()
      return (held) => this.#find(spec, template, held === 'held' ? [...this.#held(), ...foreign] : foreign)
    }
    const pod = await this.#queue.place(`pod ${spec.name}`, attempt, wait)
    this.#pods.set(spec.name, { pod, processes: new Map() })
    this.#parts.journal.record('scheduled', spec.name, {
      node: pod.node,
      devices: pod.claim.status?.allocation?.devices.results,
    })
    return pod
  }

  async run(pod: ScheduledPod): Promise<RunningPod> {
    this.#refuseWhenClosed(`pod ${pod.spec.name}`)
    const { processes } = requirePod(this.#pods, pod.spec.name)
    if (processes.size > 0) throw alreadyStarted(pod.spec.name)
    for (const { name, args, secretEnv } of pod.spec.containers) {
      const parts = { binary: this.#parts.transfer, args: claimedByName(args, pod, this.#inventory) }
      processes.set(
        name,
        new HostProcess({
          ...parts,
          env: { ...environmentOf(pod, this.#inventory, this.#parts), ...secretEnv },
        }),
      )
    }
    this.#parts.journal.record('running', pod.spec.name, {
      pids: [...processes.values()].map(({ pid }) => pid),
    })
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

  async release(pods: readonly ScheduledPod[], wait: Wait): Promise<void> {
    if (this.#closed !== undefined) return this.#closed
    await Promise.all(
      pods.map(async ({ spec: { name } }) => {
        const record = this.#pods.get(name)
        if (record === undefined) return
        // Its devices stay taken until its processes are gone.
        await withTimeout(stopped(record), { ...wait, subject: `pod ${name}`, until: 'to be gone' })
        this.#pods.delete(name)
        this.#parts.journal.record('released', name)
      }),
    )
    this.#queue.released()
  }

  async diagnose(subject: string): Promise<Diagnosis> {
    const pods = [...this.#pods.values()].map(({ pod, processes }) => ({
      name: pod.spec.name,
      claim: pod.claim,
      containers: Object.fromEntries(
        [...processes].map(([name, { pid, log }]) => [
          name,
          { pid, lastLines: log.lastLines, stderr: log.stderr },
        ]),
      ),
    }))
    return { subject, node: this.#inventory.node, pods, links: this.#inventory.links ?? 'unknown' }
  }

  close(): Promise<void> {
    this.#closed ??= (async () => {
      await Promise.all([...this.#pods.values()].map(stopped))
      this.#pods.clear()
      await this.#hold.release()
    })()
    return this.#closed
  }

  #find(
    spec: PodSpec,
    template: ResourceClaimTemplate,
    allocated: readonly DeviceInUse[],
  ): ScheduledPod | ClaimcheckError {
    const { node } = this.#inventory
    const name = `${spec.name}-devices`
    const peer = [...this.#pods.values()].find(({ pod }) => pod.spec.group === spec.group)
    const excluded = [
      ...(peer === undefined ? [] : [{ node, reason: `holds pod ${peer.pod.spec.name} of the same group` }]),
      ...(spec.nodes?.includes(node) === false
        ? [{ node, reason: `is not one of ${spec.nodes.join(', ')}` }]
        : []),
    ]
    try {
      const claims = [{ name, spec: template.spec.spec }]
      const { claims: got } = allocate({ claims, nodes: [node], excluded, allocated, ...this.#published })
      const results = got.flatMap((one) => one.results)
      return { spec, node, claim: allocatedClaim({ name, template, node, results, pod: spec.name }) }
    } catch (error) {
      if (error instanceof ClaimcheckError && error.code === 'CLAIM_UNSATISFIABLE') return error
      throw error
    }
  }

  #held(): DeviceInUse[] {
    return [...this.#pods.values()].flatMap(({ pod }) =>
      allocatedDevices(pod).map((device) => ({ ...device, holder: `pod ${pod.spec.name}` })),
    )
  }

  /** GPUs that programs of others use: no figure of such a GPU means anything. */
  async #foreign(): Promise<DeviceInUse[]> {
    const own = [...this.#pods.values()].flatMap(({ processes }) =>
      [...processes.values()].map(({ pid }) => pid),
    )
    const { node } = this.#inventory
    const busy = await busyGpus(this.#inventory.gpus, new Set(own))
    return busy.map(({ gpu, holder }) => ({ driver: nvidia.driver, pool: node, device: gpu.name, holder }))
  }

  #process(pod: RunningPod, container: string): HostProcess {
    const { name } = pod.spec
    this.#refuseWhenClosed(`container ${name}/${container}`)
    const { processes } = requirePod(this.#pods, name)
    requireContainer(pod, container)
    const process = processes.get(container)
    if (process !== undefined) return process
    throw new ClaimcheckError('NOT_FOUND', {
      subject: `container ${name}/${container}`,
      problem: 'does not run: its pod was not started',
    })
  }

  #refuseWhenClosed(subject: string): void {
    if (this.#closed !== undefined) throw targetClosed(subject, 'the machine has been given back')
  }
}

const stopped = async ({ processes }: PodRecord): Promise<void> => {
  await Promise.all([...processes.values()].map((process) => process.stop()))
}
