/**
 * What a command looks at without running anything: the devices that the target of the settings publishes. Takes settings;
 * gives slices, classes and nodes, of a rack file or of a cluster, and makes nothing.
 */
import type { DeviceClass, ResourceSlice } from '../dra/objects.ts'
import { ClaimcheckError } from '../core/errors.ts'
import { Journal } from '../core/journal.ts'
import type { Settings } from '../core/variables.ts'
import { loadRack, type Rack } from '../rack/rack.ts'
import { loadSku, type Sku } from '../sku/sku.ts'
import type { ObjectClient } from '../targets/cluster/object-client.ts'
import { publishRack } from '../emulation/publish-rack.ts'

export interface ClusterInspection {
  /** `rack h100-2node`, `context prod`. */
  readonly place: string
  readonly slices: readonly ResourceSlice[]
  readonly classes: readonly DeviceClass[]
  /** On which pods would run. */
  readonly nodes: readonly string[]
  /** Absent where a cluster is looked at and no profile is named. */
  readonly sku: Sku | undefined
  /** Where there is a rack. */
  readonly rack: Rack | undefined
  /** Where there is an API server. */
  readonly client: ObjectClient | undefined
}

/** Rejects with what keeps it from looking: no context, no answer, a missing right, no lab. */
export async function inspectCluster(settings: Settings): Promise<ClusterInspection> {
  const { target } = settings
  if (target === 'emulated') return onPaper(loadRack(settings.rack))
  if (target === 'cluster') {
    const { connectionOf } = await import('../targets/cluster/cluster-run.ts')
    const sku = settings.sku === undefined ? undefined : loadSku(settings.sku)
    return onCluster(settings, connectionOf(settings), { sku, rack: undefined })
  }
  if (target === 'lab') {
    const rack = loadRack(settings.rack)
    const { findRunningLab } = await import('../targets/lab/lab.ts')
    const lab = await findRunningLab(rack, { cacheDir: settings.cacheDir, name: settings.lab })
    if (lab !== undefined) {
      const connection = { kubeconfig: [lab.kubeconfig], context: lab.context }
      return onCluster(settings, connection, { sku: rack.sku, rack })
    }
    throw new ClaimcheckError('TARGET_UNAVAILABLE', {
      subject: 'CLAIMCHECK_TARGET=lab',
      problem: `has no lab of rack ${rack.name} that is up`,
      hint: 'Run `npx claimcheck lab up`; a run of a suite starts one itself.',
    })
  }
  throw new ClaimcheckError('TARGET_UNAVAILABLE', {
    subject: `CLAIMCHECK_TARGET=${target}`,
    problem: 'has no API server to ask',
    expected: 'emulated, lab or cluster',
    hint: 'See what this machine has with `claimcheck discover --target host`.',
  })
}

function onPaper(rack: Rack): ClusterInspection {
  const { slices, classes } = publishRack(rack)
  return {
    place: `rack ${rack.name}`,
    slices,
    classes,
    nodes: rack.nodes,
    sku: rack.sku,
    rack,
    client: undefined,
  }
}

async function onCluster(
  settings: Settings,
  connection: {
    readonly kubeconfig: readonly string[] | { readonly text: string }
    readonly context: string
  },
  known: Pick<ClusterInspection, 'sku' | 'rack'>,
): Promise<ClusterInspection> {
  const { openClient } = await import('../targets/cluster/cluster-run.ts')
  const { ClusterInventory } = await import('../targets/cluster/cluster-inventory.ts')
  const client = openClient(connection)
  const objects = new ClusterInventory(client, new Journal(), settings.nodes)
  const { signal } = new AbortController()
  try {
    const slices = await objects.slices(signal)
    const [classes, nodes] = await Promise.all([objects.classes(), objects.nodes(signal)])
    return { place: `context ${connection.context}`, slices, classes, nodes, client, ...known }
  } finally {
    objects.close()
  }
}
