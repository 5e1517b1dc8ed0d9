/**
 * The Lease that marks a run in a Namespace that somebody else made. It owns all objects of the run, so that Kubernetes deletes
 * them with it, and it keeps a second run out of the Namespace, whose pods would have the same names.
 */
import { ClaimcheckError } from '../../core/errors.ts'
import type { Wait } from '../../scheduling/pod.ts'
import { isAlreadyThere, isNotFound } from './api-error.ts'
import * as resources from './api-resources.ts'
import type { ObjectClient } from './object-client.ts'
import { parseLease, type Lease } from './object-schemas.ts'
import { PodInformers } from './pod-informers.ts'
import { expiryOf, LEASE, runMetadata, runOf, type RunNamespace } from './run-namespace.ts'

/**
 * Creates the Lease of a run, after the objects of a run that has expired are deleted. Rejects with NAMESPACE_IN_USE, or with
 * VARIABLE_INVALID for a Namespace that does not exist.
 */
export async function acquireLease(
  client: ObjectClient,
  namespace: string,
  runId: string,
  wait: Wait,
): Promise<RunNamespace> {
  const held = await findLease(client, namespace)
  if (held !== undefined) {
    if (!isExpired(held, Date.now())) throw inUse(namespace, held)
    await removeLease(client, namespace, holderOf(held), wait)
  }
  const lease = await createLease(client, namespace, runId)
  return { kind: 'existing', name: namespace, leaseUid: lease.metadata.uid }
}

async function createLease(client: ObjectClient, namespace: string, runId: string): Promise<Lease> {
  const manifest = leaseManifest(namespace, runId, Date.now())
  try {
    const created = await client.create(resources.leases, manifest)
    if (created !== undefined) return parseLease(created)
  } catch (error) {
    if (isNotFound(error)) throw noNamespace(namespace, error)
    if (!isAlreadyThere(error)) throw error
  }
  const lease = await findLease(client, namespace)
  if (lease === undefined || holderOf(lease) !== runId) throw inUse(namespace, lease)
  return lease
}

/** Returns undefined if no run is in the Namespace. */
export async function findLease(client: ObjectClient, namespace: string): Promise<Lease | undefined> {
  try {
    return parseLease(await client.read({ resource: resources.leases, namespace, name: LEASE }))
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

/** Deletes the Lease and waits until the pods and claims of its run are gone. Rejects with NAMESPACE_STUCK. */
export async function removeLease(
  client: ObjectClient,
  namespace: string,
  runId: string,
  wait: Wait,
): Promise<void> {
  const informers = new PodInformers(client, namespace, runId)
  const left = () => [...informers.pods.all, ...informers.claims.all].map(({ metadata }) => metadata.name)
  try {
    await client.delete({ resource: resources.leases, namespace, name: LEASE })
    await informers.until(() => (left().length === 0 ? true : undefined), {
      ...wait,
      subject: `objects of run ${runId} in Namespace ${namespace}`,
      until: 'to be deleted',
    })
  } catch (error) {
    if (!(error instanceof ClaimcheckError) || error.code !== 'DEADLINE') throw error
    throw new ClaimcheckError('NAMESPACE_STUCK', {
      subject: `run ${runId} in Namespace ${namespace}`,
      problem: `was not deleted within ${wait.within} s`,
      found: `pods and claims that are left: ${left().join(', ')}`,
      hint: 'An object has a finalizer that no controller removes, or its node does not answer. See `kubectl describe`.',
      cause: error,
    })
  } finally {
    informers.stop()
  }
}

export const holderOf = ({ metadata, spec }: Lease): string =>
  runOf(metadata) ?? spec.holderIdentity ?? 'unknown'

export const isExpired = ({ metadata }: Lease, now: number): boolean => {
  const expiry = expiryOf(metadata)
  return runOf(metadata) !== undefined && expiry !== undefined && Date.parse(expiry) <= now
}

/** `now`: ms. */
export function leaseManifest(namespace: string, runId: string, now: number) {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: LEASE, namespace, ...runMetadata(runId, now) },
    spec: { holderIdentity: runId },
  }
}

const inUse = (namespace: string, lease: Lease | undefined): ClaimcheckError =>
  new ClaimcheckError('NAMESPACE_IN_USE', {
    subject: `Namespace ${namespace}`,
    problem: 'is used by another run',
    expected: 'one run at a time in the Namespace of CLAIMCHECK_NAMESPACE',
    found:
      lease === undefined
        ? 'a Lease that was deleted meanwhile'
        : `Lease ${LEASE} of run ${holderOf(lease)}, which expires ${expiryOf(lease.metadata) ?? 'never'}`,
    hint: 'Wait until that run has ended. If it was killed, run `npx claimcheck sweep`.',
  })

const noNamespace = (namespace: string, cause: unknown): ClaimcheckError =>
  new ClaimcheckError('VARIABLE_INVALID', {
    subject: 'CLAIMCHECK_NAMESPACE',
    problem: 'names a Namespace that does not exist',
    found: JSON.stringify(namespace),
    hint: `Create it (\`kubectl create namespace ${namespace}\`), or unset CLAIMCHECK_NAMESPACE to let the run make one.`,
    cause,
  })
