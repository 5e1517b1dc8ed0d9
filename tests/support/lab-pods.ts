/** Pods in a lab as a person with kubectl would have them: by the API alone, without the cluster target. */
import { CoreV1Api, Exec, KubeConfig, type V1Pod } from '@kubernetes/client-node'
import { readFileSync } from 'node:fs'
import { Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ResourceClaim, ResourceClaimTemplate, ResourceSlice } from '../../harness/dra/objects.ts'
import { readSettings } from '../../harness/core/variables.ts'
import type { Rack } from '../../harness/rack/rack.ts'
import { accessOf, apiRequest, type ApiAccess } from '../../harness/targets/lab/api-request.ts'
import { TRANSFER_IMAGE } from '../../harness/targets/lab/image/workload-images.ts'
import { findLab, startLab, type Lab } from '../../harness/targets/lab/lab.ts'
import { sharedLab } from './shared-lab.ts'

const { cacheDir } = readSettings(process.env)

/** The lab of this worker where it is of this rack, else one of its own, which `stop` ends. */
export async function labFor(rack: Rack, workers?: number): Promise<Lab> {
  if (workers === undefined) {
    const found = await findLab(rack, { cacheDir, name: sharedLab().name })
    if (found !== undefined) return { ...found, stop: async () => undefined }
  }
  return startLab(rack, {
    cacheDir,
    name: `test-${process.pid}`,
    ...(workers === undefined ? {} : { workers }),
    say: (line) => void process.stderr.write(`lab: ${line}\n`),
  })
}

export interface PodOptions {
  readonly template?: string
  readonly node?: string
  readonly hostNetwork?: boolean
  readonly containers: Readonly<Record<string, readonly string[]>>
}

/** Stays until it is told to go. */
export const IDLE = ['/bin/sh', '-c', 'trap exit TERM; while :; do sleep 3600 & wait; done']

export class Pods {
  readonly core: CoreV1Api
  readonly #config = new KubeConfig()
  readonly #access: ApiAccess

  constructor({ kubeconfig }: Lab) {
    this.#config.loadFromFile(kubeconfig)
    this.core = this.#config.makeApiClient(CoreV1Api)
    this.#access = accessOf(readFileSync(kubeconfig, 'utf8'))
  }

  async template(template: ResourceClaimTemplate): Promise<void> {
    const path = '/apis/resource.k8s.io/v1/namespaces/default/resourceclaimtemplates'
    const { status, body } = await apiRequest(this.#access, 'POST', path, template)
    if (status !== 201) throw new Error(`template ${template.metadata.name}: ${JSON.stringify(body)}`)
  }

  async create(name: string, { template, node, hostNetwork, containers }: PodOptions): Promise<void> {
    const claims = template === undefined ? [] : [{ name: 'devices' }]
    const pod: V1Pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default' },
      spec: {
        restartPolicy: 'Never',
        automountServiceAccountToken: false,
        terminationGracePeriodSeconds: 5,
        ...(hostNetwork === undefined ? {} : { hostNetwork }),
        ...(node === undefined ? {} : { nodeSelector: { 'kubernetes.io/hostname': node } }),
        ...(template === undefined
          ? {}
          : { resourceClaims: [{ name: 'devices', resourceClaimTemplateName: template }] }),
        containers: Object.entries(containers).map(([container, command], index) => ({
          name: container,
          image: TRANSFER_IMAGE,
          imagePullPolicy: 'Never',
          command: [...command],
          env: [{ name: 'TRANSFER_SECRET', value: 'known to both sides of a test' }],
          // Only the first one asks; all get the devices.
          ...(index === 0 ? { resources: { claims } } : {}),
          securityContext: {
            capabilities: { add: ['IPC_LOCK'] },
            seccompProfile: { type: 'RuntimeDefault' },
          },
        })),
      },
    }
    await this.core.createNamespacedPod({ namespace: 'default', body: pod })
  }

  read(name: string): Promise<V1Pod> {
    return this.core.readNamespacedPod({ namespace: 'default', name })
  }

  /** Once all its containers run, or that one. */
  async running(name: string, container?: string): Promise<V1Pod> {
    return until(
      `pod ${name} to run`,
      () => this.read(name),
      ({ status }) => {
        const states = (status?.containerStatuses ?? []).filter(
          (one) => container === undefined || one.name === container,
        )
        return states.length > 0 && states.every(({ state }) => state?.running !== undefined)
      },
    )
  }

  async ended(name: string): Promise<V1Pod> {
    return until(
      `pod ${name} to end`,
      () => this.read(name),
      ({ status }) => status?.phase === 'Succeeded' || status?.phase === 'Failed',
    )
  }

  log(name: string, container: string): Promise<string> {
    return this.core.readNamespacedPodLog({ namespace: 'default', name, container })
  }

  /** Standard output; rejects where the command fails. */
  exec(name: string, container: string, argv: readonly string[]): Promise<string> {
    const [stdout, stderr] = [collector(), collector()]
    return new Promise((resolve, reject) => {
      new Exec(this.#config)
        .exec('default', name, container, [...argv], stdout.stream, stderr.stream, null, false, (status) =>
          status.status === 'Success'
            ? resolve(stdout.text())
            : reject(new Error(`${argv.join(' ')}: ${status.message ?? ''}\n${stderr.text()}`)),
        )
        .catch(reject)
    })
  }

  async remove(...names: readonly string[]): Promise<void> {
    for (const name of names)
      await this.core.deleteNamespacedPod({ namespace: 'default', name }).catch((error: unknown) => {
        if ((error as { code?: unknown }).code !== 404) throw error
      })
    await until(
      'pods and claims to be gone',
      async () => {
        const { items } = await this.core.listNamespacedPod({ namespace: 'default' })
        return { pods: items.map((pod) => pod.metadata?.name ?? ''), claims: await this.claims() }
      },
      ({ pods, claims }) =>
        names.every(
          (name) =>
            !pods.includes(name) && !claims.some((claim) => claim.metadata.name.startsWith(`${name}-`)),
        ),
    )
  }

  async claims(): Promise<readonly ResourceClaim[]> {
    return this.#list<ResourceClaim>('namespaces/default/resourceclaims')
  }

  async claimOf(pod: string): Promise<ResourceClaim> {
    const claim = (await this.claims()).find(({ metadata }) => metadata.name.startsWith(`${pod}-devices-`))
    if (claim === undefined) throw new Error(`pod ${pod} has no claim`)
    return claim
  }

  async slices(): Promise<readonly ResourceSlice[]> {
    return this.#list<ResourceSlice>('resourceslices')
  }

  /** As the API has them: the client knows no attributes of devices. */
  async #list<T>(what: string): Promise<readonly T[]> {
    const { body } = await apiRequest(this.#access, 'GET', `/apis/resource.k8s.io/v1/${what}`)
    return (body as { items: T[] }).items
  }

  /** Messages of a pod's events with this reason. */
  async events(pod: string, reason: string): Promise<readonly string[]> {
    const { items } = await this.core.listNamespacedEvent({ namespace: 'default' })
    return items
      .filter((event) => event.involvedObject.name === pod && event.reason === reason)
      .map(({ message }) => message ?? '')
  }
}

const LIMIT_MS = 90_000

/** Looks until it is so; the last state stands in the error. */
export async function until<T>(what: string, look: () => Promise<T>, is: (state: T) => boolean): Promise<T> {
  const end = Date.now() + LIMIT_MS
  for (;;) {
    const state = await look()
    if (is(state)) return state
    if (Date.now() > end)
      throw new Error(`waited ${LIMIT_MS / 1000} s for ${what}, last ${JSON.stringify(state)}`)
    await sleep(100)
  }
}

function collector(): { readonly stream: Writable; text(): string } {
  const parts: Buffer[] = []
  const stream = new Writable({
    write(part: Buffer, _encoding, done) {
      parts.push(part)
      done()
    },
  })
  return { stream, text: () => Buffer.concat(parts).toString() }
}
