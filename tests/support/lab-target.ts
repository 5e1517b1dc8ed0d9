/** The cluster target in the lab of all tests, without a suite around it. */
import { inject, onTestFinished } from 'vitest'
import { Journal } from '../../harness/core/journal.ts'
import { readSettings } from '../../harness/core/variables.ts'
import { loadRack } from '../../harness/rack/rack.ts'
import { ClusterTarget, type ClusterParts } from '../../harness/target/cluster/cluster-target.ts'
import { newRunId } from '../../harness/target/cluster/run-namespace.ts'
import { findLab } from '../../harness/target/lab/lab.ts'
import { partsIn } from '../../harness/target/lab/run.ts'
import { PROJECT } from './run-suite.ts'
import type { SharedLab } from './lab-setup.ts'

export const RACK = loadRack(`${PROJECT}/fixtures/racks/h100-2node.yaml`)

/** Closed when the test ends. */
export async function labTarget(parts: Partial<ClusterParts> = {}): Promise<ClusterTarget> {
  const shared: SharedLab = inject('lab')
  const lab = await findLab(RACK, { cacheDir: readSettings(process.env).cacheDir, name: shared.name })
  if (lab === undefined) throw new Error(`lab ${shared.name} does not answer`)
  const target = new ClusterTarget({
    ...partsIn(lab),
    runId: newRunId(),
    namespaceLives: 'target',
    journal: new Journal(),
    ...parts,
  })
  onTestFinished(() => target.close())
  return target
}
