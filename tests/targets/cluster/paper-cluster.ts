/** A control plane with a rack on paper, one a test file; and targets on it, closed when their test ends. */
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { Journal } from '../../../harness/core/journal.ts'
import { loadRack } from '../../../harness/rack/rack.ts'
import { ClusterTarget, type ClusterParts } from '../../../harness/targets/cluster/cluster-target.ts'
import { newRunId } from '../../../harness/targets/cluster/run-namespace.ts'
import { AdminApi } from '../../support/admin-api.ts'
import { ControlPlane } from '../../support/control-plane.ts'
import { PaperKubelet } from '../../support/paper-kubelet.ts'
import { putOnPaper } from '../../support/paper-rack.ts'
import { PROJECT } from '../../support/run-suite.ts'

export const RACK = loadRack(`${PROJECT}/fixtures/racks/h100-2node.yaml`)

export interface PaperCluster {
  readonly plane: ControlPlane
  readonly kubelet: PaperKubelet
  readonly api: AdminApi
}

export function paperCluster(): PaperCluster {
  const parts: { plane?: ControlPlane; kubelet?: PaperKubelet; api?: AdminApi } = {}
  beforeAll(async () => {
    const plane = await ControlPlane.start()
    parts.plane = plane
    parts.api = new AdminApi(plane)
    await putOnPaper(plane, RACK)
    parts.kubelet = new PaperKubelet(plane)
  })
  afterAll(async () => {
    await parts.kubelet?.stop()
    await parts.plane?.stop()
  })
  const there = <T>(part: T | undefined): T => {
    if (part === undefined) throw new Error('the control plane is there only while tests run')
    return part
  }
  return {
    get plane() {
      return there(parts.plane)
    },
    get kubelet() {
      return there(parts.kubelet)
    },
    get api() {
      return there(parts.api)
    },
  }
}

export function targetOn(cluster: PaperCluster, parts: Partial<ClusterParts> = {}): ClusterTarget {
  const target = unclosed(cluster, parts)
  onTestFinished(() => target.close())
  return target
}

/** For a test that closes it itself. */
export function unclosed({ plane }: PaperCluster, parts: Partial<ClusterParts> = {}): ClusterTarget {
  return new ClusterTarget({
    kind: 'cluster',
    connection: { kubeconfig: [plane.kubeconfig], context: 'admin' },
    delivery: { kind: 'image', image: 'claimcheck.dev/transfer:paper' },
    resources: { cpu: '100m', memory: '64Mi' },
    runId: newRunId(),
    // Gone with the control plane; until then it costs nothing, while its removal takes seconds.
    namespaceLives: 'run',
    journal: new Journal(),
    ...parts,
  })
}
