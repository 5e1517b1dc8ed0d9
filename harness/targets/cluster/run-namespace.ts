/** The Namespace of a run: its name, the labels of its objects, and the removal of one that the run made. */
import { randomBytes } from 'node:crypto'
import { ClaimcheckError } from '../../core/errors.ts'
import type { Wait } from '../../scheduling/pod.ts'
import type { ObjectClient } from './object-client.ts'
import { parseNamespace, type Namespace } from './object-schemas.ts'
import * as resources from './api-resources.ts'
import { Informer } from './informer.ts'

const RUN_LABEL = 'claimcheck.dev/run'
const MANAGED_BY = 'app.kubernetes.io/managed-by'
const RUN_ID = /^[0-9a-f]{8}$/
const EXPIRES = 'claimcheck.dev/expires'
/** Longer than any run should take. `claimcheck sweep` asks before it removes a Namespace that has not expired. */
const LIFETIME_MS = 6 * 60 * 60_000

/** Returns eight hexadecimal digits, a valid label value and part of a name. */
export const newRunId = (): string => randomBytes(4).toString('hex')

export const namespaceOf = (runId: string): string => `claimcheck-${runId}`

/** Where the objects of a run are. */
export type RunNamespace =
  /** In a Namespace that the run makes. The target removes it when it is closed, or the run does, whose targets share it. */
  | { readonly kind: 'own'; readonly removedBy: 'target' | 'run' }
  /** In a Namespace that somebody else made. A Lease owns the objects, so that they are deleted with it. */
  | { readonly kind: 'existing'; readonly name: string; readonly leaseUid: string }

export const nameOfNamespace = (run: { readonly runId: string; readonly namespace: RunNamespace }): string =>
  run.namespace.kind === 'own' ? namespaceOf(run.runId) : run.namespace.name

/** The metadata that every object of a run has. */
export interface RunMetadata {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly ownerReferences?: readonly object[]
}

export const runMetadata = (runId: string, now: number, namespace?: RunNamespace): RunMetadata => ({
  labels: { [RUN_LABEL]: runId, [MANAGED_BY]: 'claimcheck' },
  annotations: { [EXPIRES]: new Date(now + LIFETIME_MS).toISOString() },
  ...(namespace?.kind === 'existing' ? { ownerReferences: [ownerReference(namespace.leaseUid)] } : {}),
})

/** The name of the Lease that marks a run in a Namespace that somebody else made. */
export const LEASE = 'claimcheck'

const ownerReference = (uid: string) => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  name: LEASE,
  uid,
})

export const selectorOf = (runId: string) => ({ labelSelector: `${RUN_LABEL}=${runId}` })

type Texts = Readonly<Record<string, string>> | undefined

/** Returns the run that an object belongs to, by its labels. */
export const runOf = ({ labels }: { readonly labels?: Texts }): string | undefined =>
  labels?.[MANAGED_BY] === 'claimcheck' ? labels[RUN_LABEL] : undefined

/** RFC 3339; undefined for an object without an expiry. */
export const expiryOf = ({ annotations }: { readonly annotations?: Texts }): string | undefined =>
  annotations?.[EXPIRES]

export function namespaceManifest(runId: string, { labels, annotations }: RunMetadata) {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: namespaceOf(runId),
      // Pods request IPC_LOCK, which the stricter levels forbid.
      labels: { ...labels, 'pod-security.kubernetes.io/enforce': 'privileged' },
      annotations,
    },
  }
}

export interface StaleNamespace {
  readonly name: string
  /** RFC 3339. */
  readonly expires: string | undefined
}

/** Lists the Namespaces of all runs, including runs that are still active. */
export async function staleNamespaces(client: ObjectClient): Promise<readonly StaleNamespace[]> {
  const query = { labelSelector: RUN_LABEL }
  const found = await client.list(resources.namespaces, parseNamespace, { query })
  return found
    .filter(isNamespaceOfRun)
    .map(({ metadata }) => ({ name: metadata.name, expires: expiryOf(metadata) }))
}

/** Anyone may set the label of a run, so the name and the manager must agree with it. No Namespace of the system can. */
export const isNamespaceOfRun = ({
  metadata: { name, labels = {} },
}: Pick<Namespace, 'metadata'>): boolean => {
  const runId = labels[RUN_LABEL] ?? ''
  return RUN_ID.test(runId) && name === namespaceOf(runId) && labels[MANAGED_BY] === 'claimcheck'
}

/** Deletes a Namespace and waits until it is gone. Idempotent. Rejects with NAMESPACE_STUCK and the conditions of the Namespace. */
export async function removeNamespace(client: ObjectClient, name: string, wait: Wait): Promise<void> {
  const subject = `Namespace ${name}`
  const informer = new Informer<Namespace>({
    api: client.api,
    resource: resources.namespaces,
    query: { fieldSelector: `metadata.name=${name}` },
    parse: parseNamespace,
  })
  try {
    await client.delete({ resource: resources.namespaces, name })
    await informer.until(() => (informer.all.length === 0 ? true : undefined), {
      ...wait,
      subject,
      until: 'to be deleted',
    })
  } catch (error) {
    if (!(error instanceof ClaimcheckError) || error.code !== 'DEADLINE') throw error
    const [left] = informer.all
    const conditions = (left?.status.conditions ?? []).filter(({ status }) => status === 'True')
    throw new ClaimcheckError('NAMESPACE_STUCK', {
      subject,
      problem: `was not deleted within ${wait.within} s: its phase is ${left?.status.phase ?? 'unknown'}`,
      found: conditions.map(({ message, reason }) => message ?? reason ?? '').join('; ') || 'no conditions',
      hint: 'An object in it has a finalizer that no controller removes. Remove the finalizer, then run `npx claimcheck sweep`.',
      cause: error,
    })
  } finally {
    informer.stop()
  }
}
