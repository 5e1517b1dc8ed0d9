/** Runs the Job of `deploy/overlays/namespace` in a lab, as `kubectl apply -k` with a kustomization of the user does. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { stringify } from 'yaml'
import { z } from 'zod'
import type { SharedLab } from './lab-setup.ts'
import { PROJECT } from './run-suite.ts'

const NAMESPACE = 'claimcheck'
/** A node of the lab, which has the image of the harness and the volume of the reports. */
const NODE = 'node-a'
const VOLUME = '/var/lib/kubelet/claimcheck-reports'

/** An operation of a JSON patch on the Job. */
export interface Patch {
  readonly op: 'add' | 'replace' | 'remove'
  readonly path: string
  readonly value?: unknown
}

export interface JobRequest {
  /** Settings of the run beside those of the overlay; null removes one. */
  readonly settings: Readonly<Record<string, string | null>>
  readonly patches?: readonly Patch[]
}

export interface EndedJob {
  readonly exitCode: number | undefined
  /** The message of the Job's condition. */
  readonly message: string
  readonly log: string
}

const jobSchema = z.looseObject({
  status: z.looseObject({
    conditions: z
      .array(z.looseObject({ type: z.string(), status: z.string(), message: z.string().default('') }))
      .default([]),
  }),
})
const podsSchema = z.looseObject({
  items: z.array(
    z.looseObject({
      status: z.looseObject({
        containerStatuses: z.array(
          z.looseObject({
            state: z.looseObject({ terminated: z.looseObject({ exitCode: z.number() }).optional() }),
          }),
        ),
      }),
    }),
  ),
})

export class JobCluster {
  readonly #lab: SharedLab
  readonly #image: string
  readonly #folder = mkdtempSync(join(tmpdir(), 'claimcheck-job-'))

  constructor(lab: SharedLab, image: string) {
    this.#lab = lab
    this.#image = image
  }

  async kubectl(args: readonly string[], input?: string): Promise<string> {
    const { kubeconfig, context } = this.#lab
    const connection = ['--kubeconfig', kubeconfig, '--context', context]
    const options = { timeout: 120_000, ...(input === undefined ? {} : { input }) }
    return (await execa('kubectl', [...connection, ...args], options)).stdout
  }

  /** Imports the image into one node, and makes a volume there for the claim of the reports. */
  async prepare(): Promise<void> {
    const container = `claimcheck-lab-${this.#lab.name}-${NODE}`
    const load = 'docker save "$1" | docker exec -i "$2" ctr --namespace=k8s.io images import -'
    await execa('sh', ['-c', load, 'sh', this.#image, container])
    await execa('docker', ['exec', container, 'mkdir', '-p', VOLUME])
    const terms = [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [NODE] }] }]
    const volume = {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: 'claimcheck-reports' },
      spec: {
        accessModes: ['ReadWriteOnce'],
        capacity: { storage: '1Gi' },
        local: { path: VOLUME },
        nodeAffinity: { required: { nodeSelectorTerms: terms } },
      },
    }
    await this.kubectl(['apply', '-f', '-'], JSON.stringify(volume))
  }

  /** Applies the Job and resolves once it has ended. Rejects after ten minutes. */
  async run(request: JobRequest): Promise<EndedJob> {
    await this.#deleteJob()
    await this.kubectl(['apply', '-k', await this.#kustomization(request)])
    for (const until = Date.now() + 600_000; Date.now() < until; await sleep(1000)) {
      const found = await this.kubectl(['get', 'job', 'claimcheck', '--namespace', NAMESPACE, '-o', 'json'])
      const { conditions } = jobSchema.parse(JSON.parse(found)).status
      const end = conditions.find(({ type, status }) => /^(Complete|Failed)$/.test(type) && status === 'True')
      if (end !== undefined) return this.#ended(end.message)
    }
    throw new Error(`the Job did not end within ten minutes:\n${await this.#describe()}`)
  }

  /** Resolves with what the API server would create of a kustomization. Rejects where it refuses an object. */
  async dryRun(folder: string): Promise<string> {
    await this.#deleteJob()
    return this.kubectl(['apply', '--dry-run=server', '-k', folder])
  }

  /** Copies the reports out of the volume as `docs/in-cluster.md` says, and resolves with their folder. */
  async reports(): Promise<string> {
    const reader = readFileSync(join(PROJECT, 'deploy/read-reports.yaml'), 'utf8')
    await this.kubectl(['apply', '-f', '-'], reader.replace(/image: .*/, `image: ${this.#image}`))
    const pod = 'pod/claimcheck-read-reports'
    await this.kubectl(['wait', '--namespace', NAMESPACE, '--for=condition=Ready', pod, '--timeout=60s'])
    const folder = join(this.#folder, 'reports')
    await this.kubectl(['cp', `${NAMESPACE}/claimcheck-read-reports:/reports`, folder])
    await this.kubectl(['delete', '--namespace', NAMESPACE, pod, '--now'])
    return folder
  }

  async remove(): Promise<void> {
    await this.kubectl(['delete', '-k', await this.#kustomization({ settings: {} }), '--ignore-not-found'])
    await this.kubectl(['delete', 'persistentvolume', 'claimcheck-reports', '--ignore-not-found'])
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** The fields of a Job cannot be changed. */
  async #deleteJob(): Promise<void> {
    await this.kubectl(['delete', 'job', 'claimcheck', '--namespace', NAMESPACE, '--ignore-not-found'])
  }

  async #kustomization({ settings, patches = [] }: JobRequest): Promise<string> {
    const folder = join(this.#folder, 'kustomization')
    mkdirSync(folder, { recursive: true })
    const [newName, newTag] = this.#image.split(':')
    const data = Object.entries(settings).map(([key, value]) =>
      value === null ? { op: 'remove', path: `/data/${key}` } : { op: 'add', path: `/data/${key}`, value },
    )
    const changes: readonly (readonly [kind: string, name: string, patch: readonly object[]])[] = [
      ['ConfigMap', 'claimcheck-settings', data],
      ['Job', 'claimcheck', [...(await this.#placement()), ...patches]],
    ]
    const kustomization = {
      resources: [relative(folder, join(PROJECT, 'deploy/overlays/namespace'))],
      images: [{ name: 'claimcheck', newName, newTag }],
      // An empty patch is refused.
      patches: changes.flatMap(([kind, name, patch]) =>
        patch.length === 0 ? [] : [{ target: { kind, name }, patch: JSON.stringify(patch) }],
      ),
    }
    writeFileSync(join(folder, 'kustomization.yaml'), stringify(kustomization))
    return folder
  }

  /** The node with the image, and the address of the API server, since a lab has no kube-proxy. */
  async #placement(): Promise<readonly Patch[]> {
    const address = '{.subsets[0].addresses[0].ip} {.subsets[0].ports[0].port}'
    const found = await this.kubectl(['get', 'endpoints', 'kubernetes', '-o', `jsonpath=${address}`])
    const [host, port] = found.split(' ')
    const template = '/spec/template/spec'
    return [
      { op: 'add', path: `${template}/nodeSelector`, value: { 'kubernetes.io/hostname': NODE } },
      {
        op: 'add',
        path: `${template}/containers/0/env`,
        value: [
          { name: 'KUBERNETES_SERVICE_HOST', value: host },
          { name: 'KUBERNETES_SERVICE_PORT', value: port },
        ],
      },
    ]
  }

  async #ended(message: string): Promise<EndedJob> {
    const pods = ['--namespace', NAMESPACE, '-l', 'app.kubernetes.io/name=claimcheck']
    const { items } = podsSchema.parse(JSON.parse(await this.kubectl(['get', 'pods', ...pods, '-o', 'json'])))
    const exitCode = items[0]?.status.containerStatuses[0]?.state.terminated?.exitCode
    const log = await this.kubectl(['logs', ...pods, '--tail=-1'])
    return { exitCode, message, log }
  }

  #describe(): Promise<string> {
    return this.kubectl(['describe', 'pods', '--namespace', NAMESPACE])
  }
}
