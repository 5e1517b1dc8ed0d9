/** The lab of a test file: one named `test` that is up, or one of the file's own, which goes with it. */
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { Journal } from '../../harness/core/journal.ts'
import { readSettings } from '../../harness/core/variables.ts'
import { loadRack } from '../../harness/rack/rack.ts'
import { ClusterTarget, type ClusterParts } from '../../harness/target/cluster/cluster-target.ts'
import { newRunId } from '../../harness/target/cluster/run-namespace.ts'
import { findLab, startLab, type Lab } from '../../harness/target/lab/lab.ts'
import { LAB_IMAGE, LAB_RESOURCES } from '../../harness/target/lab/run.ts'
import { PROJECT } from './run-suite.ts'

export const LAB = process.env['LAB_NAME'] ?? 'test'
export const RACK = loadRack(`${PROJECT}/fixtures/racks/h100-2node.yaml`)

export interface LabOfFile {
  readonly lab: Lab
}

export function labOfFile(): LabOfFile {
  let lab: Lab | undefined
  let own = false
  beforeAll(async () => {
    const { cacheDir } = readSettings(process.env)
    lab = await findLab(RACK, { cacheDir, name: LAB })
    own = lab === undefined
    lab ??= await startLab(RACK, { cacheDir, name: LAB })
  })
  afterAll(async () => {
    if (own) await lab?.stop()
  })
  return {
    get lab() {
      if (lab === undefined) throw new Error('the lab is there only while tests run')
      return lab
    },
  }
}

export function targetIn({ lab }: LabOfFile, parts: Partial<ClusterParts> = {}): ClusterTarget {
  const { kubeconfig, context, emulation } = lab
  const target = new ClusterTarget({
    kind: 'lab',
    emulation,
    connection: { kubeconfig: [kubeconfig], context },
    delivery: { kind: 'image', image: LAB_IMAGE },
    resources: LAB_RESOURCES,
    runId: newRunId(),
    namespaceLives: 'target',
    journal: new Journal(),
    ...parts,
  })
  onTestFinished(() => target.close())
  return target
}
