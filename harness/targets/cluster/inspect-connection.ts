/** Reads the published devices of a cluster, for commands that run no pods. */
import { Journal } from '../../core/journal.ts'
import type { Settings } from '../../core/variables.ts'
import type { Inspection } from '../target-kind.ts'
import { ClusterInventory } from './cluster-inventory.ts'
import { openClient } from './cluster-run.ts'
import type { Connection } from './kubeconfig.ts'

export async function inspectConnection(
  connection: Connection,
  { nodes: names }: Settings,
  known: Pick<Inspection, 'sku' | 'rack'>,
): Promise<Inspection> {
  const client = openClient(connection)
  const inventory = new ClusterInventory(client, new Journal(), names)
  const { signal } = new AbortController()
  try {
    const slices = await inventory.slices(signal)
    const [classes, nodes] = await Promise.all([inventory.classes(), inventory.nodes(signal)])
    return { place: `context ${connection.context}`, slices, classes, nodes, client, ...known }
  } finally {
    inventory.close()
  }
}
