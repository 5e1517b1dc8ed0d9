/** Begins and ends a run in the lab that the pod of this process belongs to. It uses neither Docker nor a kubeconfig. */
import { IN_CLUSTER, type Settings } from '../../core/variables.ts'
import { describeEmulation } from '../../emulation/describe-emulation.ts'
import type { Rack } from '../../rack/rack.ts'
import { beginRun, endRun, openClient } from '../cluster/cluster-run.ts'
import { requirePermissions } from '../cluster/require-permissions.ts'
import { labParts } from './cluster-parts.ts'
import type { LabRun } from './lab-run.ts'

/** Rejects as `beginRun` does, or with RBAC_DENIED. Nothing is left if it rejects. */
export async function beginRunInside(
  { namespace, ucx }: Settings,
  rack: Rack,
  say: (line: string) => void,
): Promise<LabRun> {
  const connection = { kubeconfig: [], context: IN_CLUSTER }
  await requirePermissions(openClient(connection).api, namespace)
  const parts = labParts({
    connection,
    emulation: describeEmulation(rack, 'process'),
    nodes: rack.nodes,
  })
  const run = await beginRun({ ...parts, ucx: { ...rack.ucx, ...ucx } }, say, namespace)
  return { run, end: () => endRun(run) }
}
