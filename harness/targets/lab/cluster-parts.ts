/** What the cluster target needs to run in a lab. */
import type { Connection } from '../cluster/kubeconfig.ts'
import type { Emulation } from '../target.ts'
import { TRANSFER_IMAGE } from './image/workload-images.ts'
import type { Lab } from './lab.ts'

/** Small requests, because all pods of a rack share the cores of one machine. */
const RESOURCES = { cpu: '10m', memory: '1Gi' }

interface LabParts {
  readonly connection: Connection
  readonly emulation: Emulation
  readonly nodes: readonly string[]
}

export const labParts = (parts: LabParts) => ({
  kind: 'lab' as const,
  delivery: { kind: 'image' as const, image: TRANSFER_IMAGE },
  resources: RESOURCES,
  ...parts,
})

/** Returns the options of the cluster target for a lab of this machine. */
export const clusterPartsOf = ({ kubeconfig, context, emulation, nodes }: Lab) =>
  labParts({ connection: { kubeconfig: [kubeconfig], context }, emulation, nodes })
