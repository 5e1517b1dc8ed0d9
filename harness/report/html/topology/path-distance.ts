/** How far apart the two ends of a path are: the links between two GPUs, or the distance over PCIe. */
import { distanceOf } from '../../../claim/pcie-distance.ts'
import type { MappedDevice, NodeMap } from './node-map.ts'
import type { UsedPath } from './used-paths.ts'

export const BETWEEN_NODES = 'between nodes'

/** `NODE`, `18 links`, or `between nodes`; empty where the SKU profile does not list an end. */
export function distanceAlong({ ends }: UsedPath, nodes: readonly NodeMap[]): string {
  const [one, other] = ends.map((end) => placeOf(end, nodes))
  if (one === undefined || other === undefined) return ''
  if (one.node !== other.node) return BETWEEN_NODES
  const links = one.node.linksBetween(one.device.name, other.device.name) ?? 0
  return links > 0 ? `${links} links` : distanceOf(one.device.position, other.device.position)
}

interface Place {
  readonly node: NodeMap
  readonly device: MappedDevice
}

function placeOf(end: string, nodes: readonly NodeMap[]): Place | undefined {
  for (const node of nodes)
    for (const { gpu, nic } of node.sockets.flatMap(({ groups }) => groups.flatMap(({ rows }) => rows)))
      for (const device of [gpu, nic])
        if (device !== undefined && `${node.node}/${device.name}` === end) return { node, device }
  return undefined
}
