/** The record of a Kubernetes cluster, reached through a kubeconfig context. */
import { Journal } from '../../core/journal.ts'
import type { Settings } from '../../core/variables.ts'
import { loadSku } from '../../sku/sku.ts'
import { hardwareUnderTest } from '../files-under-test.ts'
import type { OpenParts, TargetKindRecord } from '../target-kind.ts'
import type { Target } from '../target.ts'

/** The Kubernetes client takes half a second to load, so every function imports it only when it is called. */
export const clusterKind: TargetKindRecord = {
  kind: 'cluster',
  isEmulated: false,
  loadSystemUnderTest: hardwareUnderTest,
  prepare: (settings, _system, say) => prepareCluster(settings, say),
  open: openCluster,
  async openForProbes(settings, say) {
    const { prepared, end } = await prepareCluster(settings, say)
    const { ClusterTarget } = await import('./cluster-target.ts')
    const target = new ClusterTarget({ ...prepared, journal: new Journal() })
    return {
      target,
      async end() {
        await target.close()
        await end()
      },
    }
  },
  async probeManifests(settings, node) {
    const { probeManifests } = await import('./probe-pod.ts')
    return probeManifests(settings, node, Date.now())
  },
  async inspect(settings) {
    const { connectionOf } = await import('./cluster-run.ts')
    const { inspectConnection } = await import('./inspect-connection.ts')
    const sku = settings.sku === undefined ? undefined : loadSku(settings.sku)
    return inspectConnection(connectionOf(settings), settings, { sku, rack: undefined })
  },
  async findStaleResources(settings, now) {
    const { findStaleNamespaces } = await import('./find-stale-namespaces.ts')
    return findStaleNamespaces(settings, now)
  },
}

async function prepareCluster(settings: Settings, say: (line: string) => void) {
  const { beginClusterRun, endRun } = await import('./cluster-run.ts')
  const prepareNative = async () => {
    const { provideNativeParts } = await import('../../native/native-parts.ts')
    return provideNativeParts({ cacheDir: settings.cacheDir, nixl: settings.nixl, cuda: true, say })
  }
  const prepared = await beginClusterRun(settings, { prepareNative, say })
  return { prepared, end: () => endRun(prepared) }
}

/** Opens a target on the run that was prepared, on a cluster or in a lab. */
export async function openCluster({ prepared, journal }: OpenParts): Promise<Target> {
  if (prepared === null || !('connection' in prepared)) throw new TypeError('the cluster target needs a run')
  const { ClusterTarget } = await import('./cluster-target.ts')
  return new ClusterTarget({ ...prepared, journal })
}
