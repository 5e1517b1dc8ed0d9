/**
 * Reports pod status for nodes without a kubelet: pods that are bound become Running, pods that are being deleted are
 * removed. No container runs; a test sets the container states to report.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ControlPlane } from './control-plane.ts'
import { AdminApi } from './admin-api.ts'

interface FakePod {
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

export class FakeKubelet {
  /** Container states to report, by pod name; the default is running. Set them before the pod is bound. */
  readonly states = new Map<string, ContainerState>()
  /** Names of pods that stay when they are being deleted. */
  readonly undeletable = new Set<string>()
  readonly #api: AdminApi
  readonly #stopped = new AbortController()
  readonly #loop: Promise<void>

  constructor(plane: ControlPlane) {
    this.#api = new AdminApi(plane)
    this.#loop = this.#run()
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    await this.#loop
  }

  async #run(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      const pods = await this.#api.list<FakePod>('/api/v1/pods').catch(() => [])
      for (const pod of pods) await this.#sync(pod).catch(() => undefined)
      await sleep(50, undefined, { signal: this.#stopped.signal }).catch(() => undefined)
    }
  }

  async #sync({ metadata, spec, status }: FakePod): Promise<void> {
    const path = `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`
    if (metadata.deletionTimestamp !== undefined) {
      if (!this.undeletable.has(metadata.name))
        await this.#api.send('DELETE', path, {
          kind: 'DeleteOptions',
          apiVersion: 'v1',
          gracePeriodSeconds: 0,
        })
      return
    }
    if (spec.nodeName === undefined || status.podIP !== undefined) return
    const state = this.states.get(metadata.name) ?? RUNNING
    const waiting = 'waiting' in state
    await this.#api.send('PATCH', `${path}/status`, {
      status: {
        phase: waiting ? 'Pending' : 'Running',
        podIP: '10.0.0.1',
        podIPs: [{ ip: '10.0.0.1' }],
        conditions: [{ type: 'Ready', status: waiting ? 'False' : 'True' }],
        containerStatuses: spec.containers.map(({ name }) => ({
          name,
          image: 'fake',
          imageID: '',
          restartCount: 0,
          ready: !waiting,
          started: !waiting,
          state,
        })),
      },
    })
  }
}
