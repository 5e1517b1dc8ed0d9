/**
 * Finds the Namespaces that runs left on a cluster, by their label. All objects of a run are in its Namespace, so nothing
 * else has to be found.
 */
import { seconds } from '../core/units.ts'
import type { Settings } from '../core/variables.ts'
import type { StaleResource } from './leftover.ts'

const GONE = { within: seconds(120) }

export async function clusterLeftovers(settings: Settings, now: number): Promise<StaleResource[]> {
  // Imported here, since a sweep of this machine does not need the Kubernetes client.
  const { connectionOf, openClient } = await import('../targets/cluster/cluster-run.ts')
  const { staleNamespaces, removeNamespace } = await import('../targets/cluster/run-namespace.ts')
  const connection = connectionOf(settings)
  const client = openClient(connection)
  return (await staleNamespaces(client)).map(({ name, expires }) => {
    const over = expires !== undefined && Date.parse(expires) <= now
    const when = expires === undefined ? 'without an expiry' : `${over ? 'expired' : 'expires'} ${expires}`
    return {
      what: `Namespace ${name} on ${connection.context}, ${when}`,
      mayLive: !over,
      remove: () => removeNamespace(client, name, GONE),
    }
  })
}
