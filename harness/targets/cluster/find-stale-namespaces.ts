/**
 * Finds what runs left on a cluster: the Namespaces that they made, by their label, or in the Namespace of CLAIMCHECK_NAMESPACE
 * the Lease of a run. All objects of a run are in its Namespace, so nothing else has to be found.
 */
import { seconds } from '../../core/units.ts'
import type { Settings } from '../../core/variables.ts'
import type { StaleResource } from '../stale-resource.ts'
import { connectionOf, openClient } from './cluster-run.ts'
import type { ObjectClient } from './object-client.ts'
import { findLease, holderOf, isExpired, removeLease } from './run-lease.ts'
import { expiryOf, removeNamespace, runOf, staleNamespaces } from './run-namespace.ts'

const REMOVAL_LIMIT = { within: seconds(120) }

/** `now` is in milliseconds since the epoch. */
export async function findStaleNamespaces(settings: Settings, now: number): Promise<StaleResource[]> {
  const connection = connectionOf(settings)
  const client = openClient(connection)
  if (settings.namespace !== undefined) return staleLease(client, connection.context, settings.namespace, now)
  return (await staleNamespaces(client)).map(({ name, expires }) => {
    const over = expires !== undefined && Date.parse(expires) <= now
    return {
      what: `Namespace ${name} on ${connection.context}, ${describeExpiry(expires, over)}`,
      mayLive: !over,
      remove: () => removeNamespace(client, name, REMOVAL_LIMIT),
    }
  })
}

async function staleLease(
  client: ObjectClient,
  context: string,
  namespace: string,
  now: number,
): Promise<StaleResource[]> {
  const lease = await findLease(client, namespace)
  if (lease === undefined || runOf(lease.metadata) === undefined) return []
  const over = isExpired(lease, now)
  const run = holderOf(lease)
  return [
    {
      what: `run ${run} in Namespace ${namespace} on ${context}, ${describeExpiry(expiryOf(lease.metadata), over)}`,
      mayLive: !over,
      remove: () => removeLease(client, namespace, run, REMOVAL_LIMIT),
    },
  ]
}

const describeExpiry = (expires: string | undefined, over: boolean): string =>
  expires === undefined ? 'without an expiry' : `${over ? 'expired' : 'expires'} ${expires}`
