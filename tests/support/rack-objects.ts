/** Creates the API objects of a rack: nodes, DeviceClasses, and the ResourceSlices that its drivers would publish. */
import { publishRack } from '../../harness/emulation/publish-rack.ts'
import type { Rack } from '../../harness/rack/rack.ts'
import { AdminApi } from './admin-api.ts'
import type { ControlPlane } from './control-plane.ts'

function manifestsOf(rack: Rack): unknown[] {
  const { slices, classes } = publishRack(rack)
  return [
    ...rack.nodes.map((name) => ({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, labels: { 'kubernetes.io/hostname': name } },
    })),
    ...classes,
    ...slices,
  ]
}

/** Admission taints every new node as not ready, and no node controller removes the taint here. */
const untainted = { spec: { taints: null } }

/** The status that a kubelet would report; the scheduler requires it. */
const status = {
  status: {
    capacity: { cpu: '64', memory: '512Gi', pods: '110', 'ephemeral-storage': '100Gi' },
    allocatable: { cpu: '64', memory: '512Gi', pods: '110', 'ephemeral-storage': '100Gi' },
    conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'fake kubelet' }],
  },
}

/** Creates the rack's objects, with nodes that are ready for pods. */
export async function createRackObjects(plane: ControlPlane, rack: Rack): Promise<void> {
  const api = new AdminApi(plane)
  await plane.apply(...manifestsOf(rack))
  for (const node of rack.nodes) {
    await api.send('PATCH', `/api/v1/nodes/${node}`, untainted)
    await api.send('PATCH', `/api/v1/nodes/${node}/status`, status)
  }
}
