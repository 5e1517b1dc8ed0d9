/** The record of the lab: a Kubernetes cluster in containers on this machine whose drivers emulate a rack. */
import { ClaimcheckError } from '../../core/errors.ts'
import { IN_CLUSTER, type Settings } from '../../core/variables.ts'
import { loadRack, type Rack } from '../../rack/rack.ts'
import { openCluster } from '../cluster/cluster-kind.ts'
import type { Connection } from '../cluster/kubeconfig.ts'
import { rackUnderTest, requireRack } from '../files-under-test.ts'
import { requireTestcontainers } from './require-testcontainers.ts'
import { openForProbes } from '../open-for-probes.ts'
import type { Inspection, TargetKindRecord } from '../target-kind.ts'

export const labKind: TargetKindRecord = {
  kind: 'lab',
  isEmulated: true,
  loadSystemUnderTest: (settings) => rackUnderTest(settings, 'lab'),
  async prepare(settings, system, say) {
    if (settings.context === IN_CLUSTER) {
      const { beginRunInside } = await import('./run-inside.ts')
      const { run, end } = await beginRunInside(settings, requireRack(system), say)
      return { prepared: run, end }
    }
    requireTestcontainers()
    const { beginLabRun } = await import('./lab-run.ts')
    const { run, end } = await beginLabRun(settings, requireRack(system), say)
    return { prepared: run, end }
  },
  open: openCluster,
  openForProbes: (settings, say) => openForProbes(labKind, settings, say),
  async inspect(settings) {
    const rack = loadRack(settings.rack)
    if (settings.context === IN_CLUSTER)
      return inspect({ kubeconfig: [], context: IN_CLUSTER }, settings, rack)
    requireTestcontainers()
    const { findRunningLab } = await import('./lab.ts')
    const lab = await findRunningLab(rack, { cacheDir: settings.cacheDir, name: settings.lab })
    if (lab === undefined)
      throw new ClaimcheckError('TARGET_UNAVAILABLE', {
        subject: 'CLAIMCHECK_TARGET=lab',
        problem: `has no running lab of rack ${rack.name}`,
        hint: 'Run `npx claimcheck lab up`; a run of a suite starts a lab itself.',
      })
    return inspect({ kubeconfig: [lab.kubeconfig], context: lab.context }, settings, rack)
  },
}

async function inspect(connection: Connection, settings: Settings, rack: Rack): Promise<Inspection> {
  const { inspectConnection } = await import('../cluster/inspect-connection.ts')
  return inspectConnection(connection, settings, { sku: rack.sku, rack })
}
