/**
 * Finds the Namespaces that runs left on a cluster, by their label. All objects of a run are in its Namespace, so nothing
 * else has to be found.
 */
import { seconds } from '../../core/units.ts'
import type { Settings } from '../../core/variables.ts'
import type { StaleResource } from '../stale-resource.ts'
import { connectionOf, openClient } from './cluster-run.ts'
import { removeNamespace, staleNamespaces } from './run-namespace.ts'

const REMOVAL_LIMIT = { within: seconds(120) }

/** `now` is in milliseconds since the epoch. */
export async function findStaleNamespaces(settings: Settings, now: number): Promise<StaleResource[]> {
  const connection = connectionOf(settings)
  const client = openClient(connection)
  return (await staleNamespaces(client)).map(({ name, expires }) => {
    const over = expires !== undefined && Date.parse(expires) <= now
    const when = expires === undefined ? 'without an expiry' : `${over ? 'expired' : 'expires'} ${expires}`
    return {
      what: `Namespace ${name} on ${connection.context}, ${when}`,
      mayLive: !over,
      remove: () => removeNamespace(client, name, REMOVAL_LIMIT),
    }
  })
}
