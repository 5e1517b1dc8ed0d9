/** A rack as objects: nodes, DeviceClasses and the slices that its drivers would publish. Takes a rack; gives manifests. */
import { publishRack } from '../../harness/emulation/publish-rack.ts'
import type { Rack } from '../../harness/rack/rack.ts'
import { AdminApi } from './admin-api.ts'
import type { ControlPlane } from './control-plane.ts'

function paperRack(rack: Rack): unknown[] {
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

/** Admission taints every new node as not ready, and no controller here takes that back. */
const untainted = { spec: { taints: null } }

/** What a kubelet would say of a node; the scheduler asks for it. */
const status = {
  status: {
    capacity: { cpu: '64', memory: '512Gi', pods: '110', 'ephemeral-storage': '100Gi' },
    allocatable: { cpu: '64', memory: '512Gi', pods: '110', 'ephemeral-storage': '100Gi' },
    conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'on paper' }],
  },
}

/** Makes the rack's objects, ready for pods. */
export async function putOnPaper(plane: ControlPlane, rack: Rack): Promise<void> {
  const api = new AdminApi(plane)
  await plane.apply(...paperRack(rack))
  for (const node of rack.nodes) {
    await api.send('PATCH', `/api/v1/nodes/${node}`, untainted)
    await api.send('PATCH', `/api/v1/nodes/${node}/status`, status)
  }
}
