/** Creates and inspects pods in a lab through the API, without the cluster target. */
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

/** Returns the lab of this worker if it has this rack; otherwise starts one, which `stop` removes. */
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

/** A command that runs until SIGTERM. */
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
          // Only the first container requests the claim; the driver injects its devices into all of them.
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

  /** Resolves once all containers of the pod run, or the one named. */
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

  /** Resolves with the standard output; rejects if the command fails. */
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

  /** Lists objects as plain JSON, because the client's models drop the attributes of devices. */
  async #list<T>(what: string): Promise<readonly T[]> {
    const { body } = await apiRequest(this.#access, 'GET', `/apis/resource.k8s.io/v1/${what}`)
    return (body as { items: T[] }).items
  }

  /** Resolves with the messages of a pod's events with this reason. */
  async events(pod: string, reason: string): Promise<readonly string[]> {
    const { items } = await this.core.listNamespacedEvent({ namespace: 'default' })
    return items
      .filter((event) => event.involvedObject.name === pod && event.reason === reason)
      .map(({ message }) => message ?? '')
  }
}

const TIMEOUT_MS = 90_000

/** Reads the state until `isMet` holds. On timeout the error has the last state. */
export async function until<T>(
  what: string,
  read: () => Promise<T>,
  isMet: (state: T) => boolean,
): Promise<T> {
  const end = Date.now() + TIMEOUT_MS
  for (;;) {
    const state = await read()
    if (isMet(state)) return state
    if (Date.now() > end)
      throw new Error(
        `timed out after ${TIMEOUT_MS / 1000} s waiting for ${what}, last seen: ${JSON.stringify(state)}`,
      )
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
