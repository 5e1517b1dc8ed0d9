/**
 * What a kubelet tells the API server, for nodes that are only objects: pods that are bound run, pods that are deleted go.
 * Takes a control plane; nothing runs. Says what a test tells it to say of a pod's containers.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ControlPlane } from './control-plane.ts'
import { AdminApi } from './admin-api.ts'

interface PaperPod {
  readonly metadata: {
    readonly name: string
    readonly namespace: string
    readonly deletionTimestamp?: string
  }
  readonly spec: { readonly nodeName?: string; readonly containers: readonly { readonly name: string }[] }
  readonly status: { readonly phase?: string; readonly podIP?: string }
}

export type ContainerState = Readonly<Record<string, unknown>>
const RUNNING: ContainerState = { running: { startedAt: '2026-01-01T00:00:00Z' } }

export class PaperKubelet {
  /** Of every container of the pods with that name, from their start. */
  readonly states = new Map<string, ContainerState>()
  /** Pods that it does not let go. */
  readonly held = new Set<string>()
  readonly #api: AdminApi
  readonly #over = new AbortController()
  readonly #work: Promise<void>

  constructor(plane: ControlPlane) {
    this.#api = new AdminApi(plane)
    this.#work = this.#serve()
  }

  async stop(): Promise<void> {
    this.#over.abort()
    await this.#work
  }

  async #serve(): Promise<void> {
    while (!this.#over.signal.aborted) {
      const pods = await this.#api.list<PaperPod>('/api/v1/pods').catch(() => [])
      for (const pod of pods) await this.#tend(pod).catch(() => undefined)
      await sleep(50, undefined, { signal: this.#over.signal }).catch(() => undefined)
    }
  }

  async #tend({ metadata, spec, status }: PaperPod): Promise<void> {
    const path = `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`
    if (metadata.deletionTimestamp !== undefined) {
      if (!this.held.has(metadata.name))
        await this.#api.send('DELETE', path, {
          kind: 'DeleteOptions',
          apiVersion: 'v1',
          gracePeriodSeconds: 0,
        })
      return
    }
    if (spec.nodeName === undefined || status.podIP !== undefined) return
    const state = this.states.get(metadata.name) ?? RUNNING
    const waits = 'waiting' in state
    await this.#api.send('PATCH', `${path}/status`, {
      status: {
        phase: waits ? 'Pending' : 'Running',
        podIP: '10.0.0.1',
        podIPs: [{ ip: '10.0.0.1' }],
        conditions: [{ type: 'Ready', status: waits ? 'False' : 'True' }],
        containerStatuses: spec.containers.map(({ name }) => ({
          name,
          image: 'paper',
          imageID: '',
          restartCount: 0,
          ready: !waits,
          started: !waits,
          state,
        })),
      },
    })
  }
}
