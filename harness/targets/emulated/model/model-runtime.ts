/**
 * Runs emulated pods without processes, on any operating system: a log is computed in virtual time when it is read, with
 * the lines that the binary would print. The figures come from the link model and are marked as EMULATED.
 */
import { ClaimcheckError } from '../../../core/errors.ts'
import type { Rack } from '../../../rack/rack.ts'
import type { ContainerExit, ContainerSpec, ExecResult } from '../../../scheduling/pod.ts'
import type { PodPlan } from '../../../emulation/pod-plan.ts'
import type { PodRuntime } from '../pod-runtime.ts'
import { skuAsBuilt } from '../../../rack/link-model.ts'
import { modelDevices } from './devices-model.ts'
import { modelTopology } from './topology-model.ts'
import { parseOptions } from './transfer-options.ts'
import { modelTransfer } from './transfer-model.ts'

export class ModelRuntime implements PodRuntime {
  readonly #rack: Rack
  readonly #pods = new Map<string, PodPlan>()

  constructor(rack: Rack) {
    this.#rack = rack
  }

  async start(pod: PodPlan): Promise<void> {
    this.#pods.set(pod.name, pod)
  }

  async *log(name: string, container: string, signal?: AbortSignal): AsyncGenerator<string, void> {
    for (const line of this.#lines(name, container)) {
      if (signal?.aborted) return
      yield line
    }
  }

  *#lines(name: string, container: string): Generator<string, void> {
    const pod = this.#pod(name)
    const { args, secretEnv } = this.#container(pod, container)
    const options = parseOptions(args, `container ${name}/${container}`)
    if (options.mode === 'initiator')
      yield* modelTransfer(
        this.#rack,
        pod,
        this.#peerAt(options.targetHost),
        options,
        secretEnv?.['TRANSFER_LOG_KEY'],
      )
    else if (options.mode === 'target')
      yield* [`EVENT ${JSON.stringify({ event: 'target_ready' })}`, 'END {}']
    else if (options.mode === 'topo') yield modelTopology(skuAsBuilt(this.#rack, pod.node))
    else yield modelDevices(pod, this.#rack.sku)
  }

  async exit(name: string, container: string): Promise<ContainerExit> {
    this.#container(this.#pod(name), container)
    return { code: 0, signal: null }
  }

  async exec(name: string, container: string, args: readonly string[]): Promise<ExecResult> {
    const pod = this.#pod(name)
    this.#container(pod, container)
    const { mode } = parseOptions(args, `exec in ${name}/${container}`)
    if (mode === 'devices')
      return { code: 0, signal: null, stdout: `${modelDevices(pod, this.#rack.sku)}\n`, stderr: '' }
    throw new ClaimcheckError('EXEC_FAILED', {
      subject: `pod ${name}`,
      problem: `cannot run --mode ${mode} in the model runtime`,
      hint: 'Use CLAIMCHECK_RUNTIME=process.',
    })
  }

  async stop(name: string): Promise<void> {
    this.#pods.delete(name)
  }

  async inspect(): Promise<Readonly<Record<string, unknown>>> {
    return { pods: [...this.#pods.keys()] }
  }

  async close(): Promise<void> {
    this.#pods.clear()
  }

  #pod(name: string): PodPlan {
    const pod = this.#pods.get(name)
    if (pod !== undefined) return pod
    throw new ClaimcheckError('NOT_FOUND', { subject: `pod ${name}`, problem: 'does not run' })
  }

  #container(pod: PodPlan, name: string): ContainerSpec {
    const container = pod.containers.find((one) => one.name === name)
    if (container !== undefined) return container
    throw new ClaimcheckError('NOT_FOUND', {
      subject: `container ${pod.name}/${name}`,
      problem: 'does not exist',
    })
  }

  #peerAt(address: string | undefined): PodPlan {
    const peer = [...this.#pods.values()].find((pod) => pod.address === address)
    if (peer !== undefined) return peer
    throw new ClaimcheckError('TRANSFER_FAILED', {
      subject: `address ${address ?? 'none'}`,
      problem: 'belongs to no pod that runs',
      details: { code: 'PEER_ABSENT' },
    })
  }
}
