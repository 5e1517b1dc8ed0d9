/** The record of a Kubernetes cluster, reached through a kubeconfig context. */
import { loadSku } from '../../sku/sku.ts'
import { hardwareUnderTest } from '../files-under-test.ts'
import type { OpenParts, TargetKindRecord } from '../target-kind.ts'
import type { Target } from '../target.ts'

/** The Kubernetes client takes half a second to load, so every function imports it only when it is called. */
export const clusterKind: TargetKindRecord = {
  kind: 'cluster',
  isEmulated: false,
  loadSystemUnderTest: hardwareUnderTest,
  async prepare(settings, _system, say) {
    const { beginClusterRun, endRun } = await import('./cluster-run.ts')
    const prepareNative = async () => {
      const { provideNativeParts } = await import('../../native/native-parts.ts')
      return provideNativeParts({ cacheDir: settings.cacheDir, cuda: true, say })
    }
    const run = await beginClusterRun(settings, { prepareNative, say })
    return { prepared: run, end: () => endRun(run) }
  },
  open: openCluster,
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

/** Opens a target on the run that was prepared, on a cluster or in a lab. */
export async function openCluster({ prepared, journal }: OpenParts): Promise<Target> {
  if (prepared === null || !('connection' in prepared)) throw new TypeError('the cluster target needs a run')
  const { ClusterTarget } = await import('./cluster-target.ts')
  return new ClusterTarget({ ...prepared, journal })
}
