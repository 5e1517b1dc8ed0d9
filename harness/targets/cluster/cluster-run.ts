/**
 * Begins and ends a run on a cluster. Before the first test it checks that the cluster serves DRA and creates the run's
 * Namespace; after the last test it removes the Namespace.
 */
import type { Journal } from '../../core/journal.ts'
import type { Backend, Settings } from '../../core/variables.ts'
import { seconds } from '../../core/units.ts'
import { archiveOf, type NativeFiles } from '../../native/native-archive.ts'
import { IMAGE, STREAM_IMAGE } from '../../native/container-image.ts'
import { ClaimcheckError } from '../../core/errors.ts'
import type { Emulation } from '../target.ts'
import { Api } from './api-client.ts'
import { ObjectClient } from './object-client.ts'
import { configFor, type Connection } from './kubeconfig.ts'
import type { Delivery } from './binary-delivery.ts'
import type { PodResources } from './pod-manifest.ts'
import * as resources from './api-resources.ts'
import { requirePermissions } from './require-permissions.ts'
import { acquireLease, removeLease } from './run-lease.ts'
import {
  nameOfNamespace,
  namespaceManifest,
  namespaceOf,
  newRunId,
  removeNamespace,
  runMetadata,
  type RunNamespace,
} from './run-namespace.ts'

const REMOVAL_TIMEOUT = seconds(60)

/** A run on a cluster, as serializable data. */
export interface ClusterRun {
  readonly kind: 'cluster' | 'lab'
  readonly connection: Connection
  /** Describes the rack that a lab emulates; absent for real hardware. */
  readonly emulation?: Emulation | undefined
  readonly delivery: Delivery
  readonly resources: PodResources
  /** Variables of UCX in the pods; absent for none. */
  readonly ucx?: Readonly<Record<string, string>>
  /** NIXL's backend for transfers between nodes; absent for UCX. */
  readonly backend?: Backend
  /** Whether the node's /sys is mounted into the pods. */
  readonly mountsHostSys?: boolean
  /** Nodes under test; absent for all that publish RDMA NICs, or GPUs where none does. */
  readonly nodes?: readonly string[] | undefined
  readonly runId: string
  readonly namespace: RunNamespace
}

export interface ClusterParts extends ClusterRun {
  readonly journal: Journal
}

export interface Preparation {
  /** Called only if the binary is copied into pods. */
  readonly prepareNative: () => Promise<NativeFiles>
  readonly say: (line: string) => void
}

/** Throws VARIABLE_INVALID if no context is set, so that no run uses a cluster by accident. */
export function connectionOf({ context, kubeconfig }: Settings): Connection {
  if (context !== undefined) return { kubeconfig, context }
  throw new ClaimcheckError('VARIABLE_INVALID', {
    subject: 'CLAIMCHECK_CONTEXT',
    problem: 'is required with CLAIMCHECK_TARGET=cluster',
    expected: 'the name of a kubeconfig context; the current context is not used',
    hint: 'Set CLAIMCHECK_CONTEXT; `kubectl config get-contexts` lists them.',
  })
}

export const openClient = (connection: Connection): ObjectClient =>
  new ObjectClient(new Api(configFor(connection)))

/** Begins a run on the cluster of the settings. Rejects as `beginRun` does, or with TARGET_UNAVAILABLE or RBAC_DENIED. */
export async function beginClusterRun(settings: Settings, preparation: Preparation): Promise<ClusterRun> {
  const connection = connectionOf(settings)
  const client = openClient(connection)
  await requireDra(client)
  await requirePermissions(client.api, settings.namespace)
  const parts = {
    kind: 'cluster' as const,
    connection,
    delivery: await deliveryFor(settings, preparation),
    resources: settings.podResources,
    ucx: settings.ucx,
    backend: settings.backend,
    mountsHostSys: settings.mountsHostSys,
    nodes: settings.nodes,
  }
  return beginRun(parts, preparation.say, settings.namespace)
}

/**
 * Creates the Namespace of a new run, or the run's Lease in an existing one. Nothing is left if it rejects, as `acquireLease`
 * does.
 */
export async function beginRun(
  parts: Omit<ClusterRun, 'runId' | 'namespace'>,
  say: (line: string) => void,
  existing?: string,
): Promise<ClusterRun> {
  const runId = newRunId()
  const { connection } = parts
  const client = openClient(connection)
  const namespace =
    existing === undefined
      ? await createNamespace(client, runId)
      : await acquireLease(client, existing, runId, { within: REMOVAL_TIMEOUT })
  const run = { ...parts, runId, namespace }
  say(
    `Namespace ${nameOfNamespace(run)} on ${connection.context}${existing === undefined ? '' : `, run ${runId}`}`,
  )
  return run
}

async function createNamespace(client: ObjectClient, runId: string): Promise<RunNamespace> {
  await client.apply(resources.namespaces, namespaceManifest(runId, runMetadata(runId, Date.now())))
  return { kind: 'own', removedBy: 'run' }
}

/** Removes the run's Namespace, or its objects from an existing one. Rejects with NAMESPACE_STUCK. */
export function endRun({ connection, runId, namespace }: ClusterRun): Promise<void> {
  const client = openClient(connection)
  const wait = { within: REMOVAL_TIMEOUT }
  return namespace.kind === 'own'
    ? removeNamespace(client, namespaceOf(runId), wait)
    : removeLease(client, namespace.name, runId, wait)
}

/** Rejects with TARGET_UNAVAILABLE if the API server does not serve resource.k8s.io/v1. */
export async function requireDra(client: ObjectClient): Promise<void> {
  const subject = `API server ${client.api.server}`
  const versions = (await client.api.json({
    verb: 'get',
    resource: 'apis',
    subject,
    path: '/apis',
  })) as {
    readonly groups?: readonly { readonly name: string; readonly versions: readonly { version: string }[] }[]
  }
  const served = versions.groups?.find(({ name }) => name === 'resource.k8s.io')?.versions ?? []
  if (served.some(({ version }) => version === 'v1')) return
  throw new ClaimcheckError('TARGET_UNAVAILABLE', {
    subject,
    problem: 'does not serve Dynamic Resource Allocation',
    expected: 'resource.k8s.io/v1, which Kubernetes 1.34 and newer serve',
    found: served.length === 0 ? 'no resource.k8s.io' : served.map(({ version }) => version).join(', '),
    hint: 'Use a cluster of Kubernetes 1.34 or newer.',
  })
}

export async function versionOf(client: ObjectClient): Promise<string> {
  const { gitVersion } = (await client.api.json({
    verb: 'get',
    resource: 'version',
    subject: `version of API server ${client.api.server}`,
    path: '/version',
  })) as { readonly gitVersion?: string }
  return gitVersion ?? 'an unknown version'
}

async function deliveryFor(
  { delivery, image, cacheDir }: Settings,
  { prepareNative, say }: Preparation,
): Promise<Delivery> {
  if (delivery === 'image') return { kind: 'image', image: image ?? IMAGE }
  const archive = await archiveOf(await prepareNative(), cacheDir, say)
  return { kind: 'stream', image: image ?? STREAM_IMAGE, archive }
}
