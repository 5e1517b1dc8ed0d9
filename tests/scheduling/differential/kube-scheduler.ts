/**
 * Runs cases on a real kube-scheduler: creates each case's nodes, slices, DeviceClasses, claims and pod, and reads to
 * which node the pod was bound or why it was not. Many cases run at once, each on separate nodes.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { DeviceRequest, ResourceSlice } from '../../../harness/dra/objects.ts'
import { ApiError, type KubeApi } from '../../support/kube-api.ts'
import { answerOf, isDecided, isSearchTooLong, type Claim, type Pod } from './scheduler-decision.ts'
import type { Answer, Case } from './test-case.ts'

const RESOURCE = '/apis/resource.k8s.io/v1'
const LABEL = 'claimcheck.dev/case'
const WITHIN_MS = 60_000
const LOOK_EVERY_MS = 100
/** Two of the scheduler's own limits for one search, which is exponential, and some rest. */
const SEARCH_WITHIN_MS = 25_000

/** Runs cases, and deletes their objects after each batch. */
export class RealScheduler {
  readonly #api: KubeApi
  readonly #run = `d${Date.now().toString(36)}`
  #batches = 0
  #count = 0

  constructor(api: KubeApi) {
    this.#api = api
  }

  async answers(cases: readonly Case[]): Promise<Answer[]> {
    const namespace = `claimcheck-${this.#run}-${this.#batches++}`
    // Claims with admin access are allowed only in a Namespace with this label.
    const labels = { 'resource.kubernetes.io/admin-access': 'true' }
    await this.#api.create('/api/v1/namespaces', { metadata: { name: namespace, labels } })
    await this.#makeAccount(namespace)
    const asked = cases.map((one) => ({ id: `${this.#run}c${this.#count++}`, one }))
    try {
      await Promise.all(asked.map(({ id, one }) => this.#writeCluster(namespace, id, one)))
      await this.#seen(namespace)
      const refused = await Promise.all(asked.map(({ id, one }) => this.#writePod(namespace, id, one)))
      const waiting = asked.filter((_, index) => refused[index] === undefined).map(({ id }) => id)
      const pods = await this.#decided(namespace, waiting)
      const claims = await this.#api.list<Claim>(`${RESOURCE}/namespaces/${namespace}/resourceclaims`)
      return asked.map(({ id, one }, index) => refused[index] ?? answerOf(id, one, pods.get(id), claims))
    } finally {
      await this.#clean(namespace)
    }
  }

  /** Creates the default service account, without which no pod is admitted. A controller may have created it already. */
  async #makeAccount(namespace: string): Promise<void> {
    try {
      await this.#api.create(`/api/v1/namespaces/${namespace}/serviceaccounts`, {
        metadata: { name: 'default' },
      })
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 409)) throw error
    }
  }

  async #writeCluster(namespace: string, id: string, one: Case): Promise<void> {
    const named = (name: string) => `${id}-${name}`
    await Promise.all([
      ...one.nodes.map((node) => this.#api.create('/api/v1/nodes', nodeObject(id, named(node)))),
      ...one.classes.map((deviceClass) =>
        this.#api.create(`${RESOURCE}/deviceclasses`, {
          ...deviceClass,
          metadata: { name: named(deviceClass.metadata.name), labels: { [LABEL]: id } },
        }),
      ),
      ...one.slices.map((slice) => this.#api.create(`${RESOURCE}/resourceslices`, sliceObject(id, slice))),
      this.#hold(namespace, id, one),
    ])
  }

  /** Allocates devices to an earlier claim permanently: it is reserved for a kind of object that no controller manages. */
  async #hold(namespace: string, id: string, { held }: Case): Promise<void> {
    if (held.length === 0) return
    const path = `${RESOURCE}/namespaces/${namespace}/resourceclaims`
    const claim = await this.#api.create(path, {
      metadata: { name: `${id}-held`, labels: { [LABEL]: id } },
      spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'any' } }] } },
    })
    await this.#api.replace(`${path}/${id}-held/status`, {
      ...claim,
      status: {
        allocation: {
          devices: {
            results: held.map((device) => ({ ...device, pool: `${id}-${device.pool}`, request: 'r' })),
          },
        },
        reservedFor: [{ apiGroup: 'claimcheck.dev', resource: 'holders', name: id, uid: id }],
      },
    })
  }

  /**
   * Resolves once the scheduler has observed all objects: it receives each kind in order, so it suffices that it
   * schedules a pod that needs the last object of each kind.
   */
  async #seen(namespace: string): Promise<void> {
    const id = `${this.#run}s${this.#count++}`
    const driver = 'seen.example.com'
    const canary: Case = {
      nodes: ['n'],
      classes: [
        {
          apiVersion: 'resource.k8s.io/v1',
          kind: 'DeviceClass',
          metadata: { name: 'c' },
          spec: { selectors: [{ cel: { expression: `device.driver == "${driver}"` } }] },
        },
      ],
      slices: [
        {
          apiVersion: 'resource.k8s.io/v1',
          kind: 'ResourceSlice',
          metadata: { name: 's' },
          spec: {
            driver,
            pool: { name: 'n', generation: 1, resourceSliceCount: 1 },
            nodeName: 'n',
            devices: [{ name: 'd' }],
          },
        },
      ],
      held: [],
      claims: [
        { name: 'c', spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'c' } }] } } },
      ],
    }
    await this.#writeCluster(namespace, id, canary)
    await this.#writePod(namespace, id, canary)
    const until = performance.now() + WITHIN_MS
    while (performance.now() < until) {
      const pods = await this.#api.list<Pod>(podsOf(namespace))
      if (pods.some(({ metadata, spec }) => metadata.name === id && spec.nodeName !== undefined)) return
      await sleep(LOOK_EVERY_MS)
    }
    throw new Error(`timed out after ${WITHIN_MS} ms waiting for pod ${namespace}/${id} to be scheduled`)
  }

  /** Returns undefined, or the reason for which the API server rejects a claim. */
  async #writePod(namespace: string, id: string, { claims }: Case): Promise<Answer | undefined> {
    const renamed = claims.map(({ name, spec }) => ({
      metadata: { name: `${id}-${name}`, labels: { [LABEL]: id } },
      spec: {
        devices: { ...spec.devices, requests: spec.devices.requests.map((one) => renameClass(id, one)) },
      },
    }))
    try {
      for (const claim of renamed) {
        await this.#api.create(`${RESOURCE}/namespaces/${namespace}/resourceclaims`, claim)
      }
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 422)) throw error
      return { kind: 'refused', reason: error.message }
    }
    await this.#api.create(podsOf(namespace), {
      metadata: { name: id, labels: { [LABEL]: id } },
      spec: {
        nodeSelector: { [LABEL]: id },
        terminationGracePeriodSeconds: 0,
        automountServiceAccountToken: false,
        // Admission taints every new node as not ready, and no node controller removes the taint here.
        tolerations: [{ operator: 'Exists' }],
        containers: [{ name: 'main', image: 'none' }],
        resourceClaims: claims.map(({ name }) => ({ name, resourceClaimName: `${id}-${name}` })),
      },
    })
    return undefined
  }

  async #decided(namespace: string, ids: readonly string[]): Promise<ReadonlyMap<string, Pod>> {
    const start = performance.now()
    for (;;) {
      const pods = await this.#api.list<Pod>(podsOf(namespace))
      const byName = new Map(pods.map((pod) => [pod.metadata.name, pod]))
      const open = ids.filter((id) => !isDecided(byName.get(id)))
      if (open.length === 0) return byName
      const waitedMs = performance.now() - start
      if (waitedMs > SEARCH_WITHIN_MS && open.every((id) => isSearchTooLong(byName.get(id)))) return byName
      if (waitedMs > WITHIN_MS) {
        const states = open.map((id) => `${id}: ${JSON.stringify(byName.get(id)?.status)}`)
        throw new Error(
          `timed out after ${WITHIN_MS} ms waiting for the scheduler to decide on\n${states.join('\n')}`,
        )
      }
      await sleep(LOOK_EVERY_MS)
    }
  }

  async #clean(namespace: string): Promise<void> {
    const ours = `?labelSelector=${LABEL}`
    await this.#api.delete(podsOf(namespace))
    const path = `${RESOURCE}/namespaces/${namespace}/resourceclaims`
    const claims = await this.#api.list<Claim>(path)
    await Promise.all(
      // The scheduler's finalizer is taken off by a controller that a bare control plane does not have.
      claims.map(async (claim) => {
        const one = `${path}/${claim.metadata.name}`
        await this.#api.merge(one, { metadata: { finalizers: null } })
        await this.#api.delete(one)
      }),
    )
    for (const kind of ['/api/v1/nodes', `${RESOURCE}/resourceslices`, `${RESOURCE}/deviceclasses`]) {
      await this.#api.delete(`${kind}${ours}`)
    }
    await this.#api.delete(`/api/v1/namespaces/${namespace}`)
  }
}

const podsOf = (namespace: string): string => `/api/v1/namespaces/${namespace}/pods`

function nodeObject(id: string, name: string): object {
  const capacity = { cpu: '8', memory: '64Gi', pods: '110' }
  return {
    metadata: { name, labels: { [LABEL]: id, 'kubernetes.io/hostname': name } },
    status: { capacity, allocatable: capacity, conditions: [{ type: 'Ready', status: 'True' }] },
  }
}

/** Devices of all nodes are those of all nodes of this case. */
function sliceObject(id: string, { metadata, spec }: ResourceSlice): object {
  const { nodeName, allNodes, ...rest } = spec
  const here = { key: LABEL, operator: 'In', values: [id] }
  return {
    metadata: { name: `${id}-${metadata.name}`, labels: { [LABEL]: id } },
    spec: {
      ...rest,
      pool: { ...rest.pool, name: `${id}-${rest.pool.name}` },
      ...(allNodes === true
        ? { nodeSelector: { nodeSelectorTerms: [{ matchExpressions: [here] }] } }
        : { nodeName: `${id}-${nodeName ?? ''}` }),
    },
  }
}

function renameClass(id: string, request: DeviceRequest): DeviceRequest {
  const renamed = <T extends { readonly deviceClassName: string }>(one: T): T => ({
    ...one,
    deviceClassName: `${id}-${one.deviceClassName}`,
  })
  return 'exactly' in request
    ? { ...request, exactly: renamed(request.exactly) }
    : { ...request, firstAvailable: request.firstAvailable.map(renamed) }
}
