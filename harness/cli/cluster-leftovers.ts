/**
 * What runs left on a cluster. Takes settings that name a context; gives the Namespaces of runs by their label, each with
 * whether its expiry has come. Looks at nothing else: all that a run makes lies in its Namespace.
 */
import { seconds } from '../core/units.ts'
import type { Settings } from '../core/variables.ts'
import type { StaleResource } from './leftover.ts'

const GONE = { within: seconds(120) }

export async function clusterLeftovers(settings: Settings, now: number): Promise<StaleResource[]> {
  // Only now: a sweep of this machine needs no Kubernetes client.
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
