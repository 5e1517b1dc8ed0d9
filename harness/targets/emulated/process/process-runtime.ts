/**
 * Runs emulated pods as real processes in network namespaces, through the node agent, with every rate divided by the rack's
 * scale. Real bytes move over shaped links.
 */
import { dirname } from 'node:path'
import { z } from 'zod'
import { asClaimcheckError, ClaimcheckError } from '../../../core/errors.ts'
import type { Journal } from '../../../core/journal.ts'
import { bitsPerSecond } from '../../../core/units.ts'
import { withTimeout } from '../../../core/timeout.ts'
import type { Binaries } from '../../../native/binaries.ts'
import type { Nixl } from '../../../native/nixl.ts'
import { skuAsBuilt } from '../../../rack/link-model.ts'
import type { Rack } from '../../../rack/rack.ts'
import type { ContainerExit, ExecResult, Wait } from '../../../scheduling/pod.ts'
import type { PodPlan } from '../../../emulation/pod-plan.ts'
import { railAddress } from '../../../emulation/rail-addresses.ts'
import type { PodRuntime } from '../pod-runtime.ts'
import { sysfsOf, type SysfsTree } from '../../../emulation/sysfs-tree.ts'
import { CommandTimeoutError, NodeAgent, type AgentEvent } from './node-agent.ts'
import { ContainerLog } from '../../process-log.ts'
import { agentNic, interfaceOf, nicShape, routesOf } from './pod-network.ts'
import { applyRateSchedule } from './apply-rate-schedule.ts'

const POD_NETWORK = '10.244.0.0/16'
const PODS_BINARY = '/opt/claimcheck/bin'
const PODS_NIXL = '/opt/claimcheck/nixl'
const GRACE_MS = 5000

const anything = z.unknown()
const opened = z.looseObject({ privilege: z.string(), niceness: z.int() })
const execed = z.looseObject({
  code: z.int().nullable(),
  signal: z.string().nullable(),
  stdout: z.string(),
  stderr: z.string(),
})

export interface ProcessRuntimeParts {
  readonly rack: Rack
  readonly binaries: Binaries
  readonly nixl: Nixl
  readonly journal: Journal
  /** Variables of UCX in the pods, which override the rack's; absent for none. */
  readonly ucx?: Readonly<Record<string, string>>
}

export class ProcessRuntime implements PodRuntime {
  readonly #rack: Rack
  readonly #parts: ProcessRuntimeParts
  readonly #agent: NodeAgent
  readonly #sysfs: ReadonlyMap<string, SysfsTree>
  readonly #logs = new Map<string, ContainerLog>()
  readonly #environments = new Map<string, Readonly<Record<string, string>>>()
  /** By pod; aborting it stops the changes of its rates. */
  readonly #rateSchedules = new Map<string, AbortController>()

  private constructor(parts: ProcessRuntimeParts) {
    this.#rack = parts.rack
    this.#parts = parts
    this.#sysfs = new Map(parts.rack.nodes.map((node) => [node, sysfsOf(skuAsBuilt(parts.rack, node))]))
    this.#agent = new NodeAgent(parts.binaries.node, {
      onEvent: (event) => this.#onEvent(event),
      onEnd: (error) => {
        for (const log of this.#logs.values()) log.fail(error)
      },
    })
  }

  /** Rejects with SANDBOX_UNAVAILABLE if this machine does not allow namespaces. */
  static async open(parts: ProcessRuntimeParts): Promise<ProcessRuntime> {
    const runtime = new ProcessRuntime(parts)
    const { rack } = parts
    const rails = rack.sku.nics
      .map((_, index) => railAddress(0, index))
      .map(({ rail, subnet }) => ({ rail, subnet }))
    const podNetwork = {
      subnet: POD_NETWORK,
      rate_bits: Math.round(bitsPerSecond(rack.links.podNetwork.rate) / rack.scale),
    }
    try {
      const { privilege, niceness } = await runtime.#agent.request(
        'open',
        { fabric: { rails, pod_network: podNetwork } },
        opened,
      )
      parts.journal.record('rack-opened', rack.name, { privilege, niceness })
    } catch (error) {
      await runtime.close()
      throw error
    }
    return runtime
  }

  async start(pod: PodPlan, wait: Wait): Promise<void> {
    for (const container of pod.containers) {
      const name = key(pod.name, container.name)
      this.#logs.set(name, new ContainerLog(`container ${name} on ${pod.node}`))
      this.#environments.set(name, {
        ...environment,
        ...this.#rack.ucx,
        ...this.#parts.ucx,
        ...container.secretEnv,
      })
    }
    const spec = {
      name: pod.name,
      node: pod.node,
      hostname: pod.name,
      eth0: { address: `${pod.address}/16` },
      nics: pod.nics.map((nic) => agentNic(this.#rack, pod, nic)),
      routes: routesOf(pod),
      devices: pod.devices,
      ...filesOf(pod, this.#sysfs.get(pod.node)),
      mounts: [
        { source: dirname(this.#parts.binaries.transfer), target: PODS_BINARY },
        { source: this.#parts.nixl.folder, target: PODS_NIXL },
      ],
      containers: pod.containers.map((container) => ({
        name: container.name,
        argv: argv(container.args),
        env: this.#environments.get(key(pod.name, container.name)),
      })),
    }
    await this.#within(
      wait,
      `pod ${pod.node}/${pod.name}`,
      'to run',
      this.#agent.request('run', { pod: spec }, anything),
    )
    this.#followRateSchedules(pod)
  }

  log(pod: string, container: string, signal?: AbortSignal): AsyncIterable<string> {
    return this.#log(pod, container).read(signal)
  }

  exit(pod: string, container: string, wait: Wait): Promise<ContainerExit> {
    const log = this.#log(pod, container)
    return this.#within(
      wait,
      `container ${pod}/${container}`,
      'to end',
      log.exit,
      () => `still running, last lines ${JSON.stringify(log.lastLines.slice(-3))}`,
    )
  }

  async exec(pod: string, container: string, args: readonly string[], wait: Wait): Promise<ExecResult> {
    if (this.#log(pod, container).ended) {
      throw new ClaimcheckError('EXEC_FAILED', {
        subject: `container ${pod}/${container}`,
        problem: 'has ended: nothing can be run beside it',
      })
    }
    const env = this.#environments.get(key(pod, container))
    const limit = { timeout_ms: Math.ceil(wait.within * 1000) }
    const request = this.#agent
      .request('exec', { pod, container, argv: argv(args), env, ...limit }, execed)
      .catch((error: unknown) => {
        throw error instanceof CommandTimeoutError ? tooLong(`exec in ${pod}/${container}`, error) : error
      })
    return this.#within(
      { ...wait, within: (wait.within + 2) as Wait['within'] },
      `exec in ${pod}/${container}`,
      'to end',
      request,
    )
  }

  async stop(pod: string, wait: Wait): Promise<void> {
    this.#rateSchedules.get(pod)?.abort()
    this.#rateSchedules.delete(pod)
    await this.#within(
      wait,
      `pod ${pod}`,
      'to be gone',
      this.#agent.request('delete', { pod, grace_ms: GRACE_MS }, anything),
    )
    for (const [name, log] of this.#logs)
      if (name.startsWith(`${pod}/`)) log.end({ code: null, signal: null })
  }

  async inspect(): Promise<Readonly<Record<string, unknown>>> {
    const logs = Object.fromEntries(
      [...this.#logs].map(([name, log]) => [name, { lastLines: log.lastLines, stderr: log.stderr }]),
    )
    return { logs, agent: await this.#agent.request('list', {}, anything) }
  }

  async close(): Promise<void> {
    await this.#agent.close()
    for (const [container, log] of this.#logs) {
      if (log.ended) continue
      log.fail(
        new ClaimcheckError('INTERRUPTED', {
          subject: `container ${container}`,
          problem: 'ran when the rack was closed',
        }),
      )
    }
  }

  #followRateSchedules(pod: PodPlan): void {
    const varying = pod.nics.filter(({ rateSchedule }) => rateSchedule !== undefined)
    if (varying.length === 0) return
    const ended = new AbortController()
    this.#rateSchedules.set(pod.name, ended)
    for (const plan of varying) {
      const name = interfaceOf(plan)
      void applyRateSchedule(this.#agent, plan.rateSchedule ?? [], {
        pod: pod.name,
        nic: name,
        shape: (fraction) => nicShape(this.#rack, pod, plan, fraction),
        signal: ended.signal,
      }).catch((error: unknown) => {
        if (ended.signal.aborted) return
        this.#parts.journal.record('rate-schedule-failed', `${pod.name}/${name}`, {
          error: asClaimcheckError(error).message,
        })
      })
    }
  }

  #onEvent(event: AgentEvent): void {
    const { journal } = this.#parts
    if (event.event === 'link_cut') {
      journal.record('link-cut', `${event.pod}/${event.nic}`)
      return
    }
    const log = this.#logs.get(key(event.pod, event.container))
    if (log === undefined) return
    if (event.event === 'exited') log.end({ code: event.code, signal: event.signal })
    else if (event.stream === 'stdout') log.push(event.data)
    else log.stderr = `${log.stderr}${event.data}\n`.slice(-4000)
  }

  #log(pod: string, container: string): ContainerLog {
    const log = this.#logs.get(key(pod, container))
    if (log !== undefined) return log
    throw new ClaimcheckError('NOT_FOUND', {
      subject: `container ${pod}/${container}`,
      problem: 'does not exist',
    })
  }

  #within<T>(
    wait: Wait,
    subject: string,
    until: string,
    work: Promise<T>,
    lastSeen?: () => string,
  ): Promise<T> {
    return withTimeout(work, { ...wait, subject, until, ...(lastSeen === undefined ? {} : { lastSeen }) })
  }
}

/** The node's /sys and the device metadata of the pod. */
const filesOf = (
  { deviceMetadata }: PodPlan,
  { files, links }: SysfsTree = { files: [], links: [] },
): SysfsTree => ({
  files: [...files, ...deviceMetadata.map(({ path, content }) => ({ path, content }))],
  links,
})

const tooLong = (subject: string, cause: ClaimcheckError): ClaimcheckError =>
  new ClaimcheckError('DEADLINE', {
    subject,
    problem: 'did not end in time',
    ...(cause.expected === undefined ? {} : { expected: cause.expected }),
    ...(cause.found === undefined ? {} : { found: cause.found }),
    cause,
  })

const key = (pod: string, container: string): string => `${pod}/${container}`
const argv = (args: readonly string[]): string[] => [`${PODS_BINARY}/claimcheck-transfer`, ...args]
const environment = {
  PATH: '/usr/bin:/bin',
  NIXL_CAPI_LIB: `${PODS_NIXL}/.nixl_cu12.mesonpy.libs/libnixl_capi.so`,
  UCX_LOG_LEVEL: 'error',
}
