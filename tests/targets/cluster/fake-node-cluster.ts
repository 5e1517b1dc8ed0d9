/** A control plane whose nodes have no kubelets, one for each test file, and targets on it. */
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { Journal } from '../../../harness/core/journal.ts'
import { loadRack } from '../../../harness/rack/rack.ts'
import type { ClusterParts } from '../../../harness/targets/cluster/cluster-run.ts'
import { ClusterTarget } from '../../../harness/targets/cluster/cluster-target.ts'
import { newRunId } from '../../../harness/targets/cluster/run-namespace.ts'
import { AdminApi } from '../../support/admin-api.ts'
import { ControlPlane } from '../../support/control-plane.ts'
import { FakeKubelet } from '../../support/fake-kubelet.ts'
import { createRackObjects } from '../../support/rack-objects.ts'
import { PROJECT } from '../../support/run-suite.ts'

export const RACK = loadRack(`${PROJECT}/fixtures/racks/h100-2node.yaml`)

export interface FakeNodeCluster {
  readonly plane: ControlPlane
  readonly kubelet: FakeKubelet
  readonly api: AdminApi
}

export function fakeNodeCluster(): FakeNodeCluster {
  const parts: { plane?: ControlPlane; kubelet?: FakeKubelet; api?: AdminApi } = {}
  beforeAll(async () => {
    const plane = await ControlPlane.start()
    parts.plane = plane
    parts.api = new AdminApi(plane)
    await createRackObjects(plane, RACK)
    parts.kubelet = new FakeKubelet(plane)
  })
  afterAll(async () => {
    await parts.kubelet?.stop()
    await parts.plane?.stop()
  })
  const started = <T>(part: T | undefined): T => {
    if (part === undefined) throw new Error('the control plane runs only during tests')
    return part
  }
  return {
    get plane() {
      return started(parts.plane)
    },
    get kubelet() {
      return started(parts.kubelet)
    },
    get api() {
      return started(parts.api)
    },
  }
}

/** Creates a target that is closed when the test ends. */
export function targetOn(cluster: FakeNodeCluster, parts: Partial<ClusterParts> = {}): ClusterTarget {
  const target = createTarget(cluster, parts)
  onTestFinished(() => target.close())
  return target
}

/** Creates a target that the test closes. */
export function createTarget({ plane }: FakeNodeCluster, parts: Partial<ClusterParts> = {}): ClusterTarget {
  return new ClusterTarget({
    kind: 'cluster',
    connection: { kubeconfig: [plane.kubeconfig], context: 'admin' },
    delivery: { kind: 'image', image: 'claimcheck.dev/transfer:fake' },
    resources: { cpu: '100m', memory: '64Mi' },
    runId: newRunId(),
    // The Namespace is left to the control plane's end, since its removal takes seconds.
    namespace: { kind: 'own', removedBy: 'run' },
    journal: new Journal(),
    ...parts,
  })
}
