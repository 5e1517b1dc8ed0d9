/** Opens the cluster target in the lab of the worker, without a suite. */
import { afterAll, onTestFinished } from 'vitest'
import { Journal } from '../../harness/core/journal.ts'
import { seconds } from '../../harness/core/units.ts'
import { readSettings } from '../../harness/core/variables.ts'
import { loadRack } from '../../harness/rack/rack.ts'
import type { ClusterParts } from '../../harness/targets/cluster/cluster-run.ts'
import { ClusterTarget } from '../../harness/targets/cluster/cluster-target.ts'
import { newRunId, removeNamespace } from '../../harness/targets/cluster/run-namespace.ts'
import { openClient } from '../../harness/targets/cluster/cluster-run.ts'
import { findLab } from '../../harness/targets/lab/lab.ts'
import { clusterPartsOf } from '../../harness/targets/lab/cluster-parts.ts'
import { PROJECT } from './run-suite.ts'
import { sharedLab } from './shared-lab.ts'

export const RACK = loadRack(`${PROJECT}/fixtures/racks/h100-2node.yaml`)

/** Removed together after the tests of a file, since each removal takes at least five seconds. */
const namespaces = new Set<string>()
afterAll(async () => {
  const { kubeconfig, context } = sharedLab()
  const client = openClient({ kubeconfig: [kubeconfig], context })
  await Promise.all([...namespaces].map((name) => removeNamespace(client, name, { within: seconds(90) })))
})

/** Returns a target that is closed when the test ends. */
export async function labTarget(parts: Partial<ClusterParts> = {}): Promise<ClusterTarget> {
  const { name } = sharedLab()
  const lab = await findLab(RACK, { cacheDir: readSettings(process.env).cacheDir, name })
  if (lab === undefined) throw new Error(`lab ${name} is not ready`)
  const target = new ClusterTarget({
    ...clusterPartsOf(lab),
    runId: newRunId(),
    namespace: { kind: 'own', removedBy: 'run' },
    journal: new Journal(),
    ...parts,
  })
  namespaces.add(target.namespace)
  onTestFinished(() => target.close())
  return target
}
