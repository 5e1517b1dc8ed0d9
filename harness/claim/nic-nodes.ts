/** Which NUMA nodes have NICs, and how far they are from a node that has GPUs. */
import { numaHops } from '../sku/numa-hops.ts'
import type { Sku } from '../sku/sku.ts'

/** From near to far; among equals the node with the nearest number comes first. */
function nicNodes(from: number, sku: Sku): readonly number[] {
  return [...new Set(sku.nics.map(({ numaNode }) => numaNode))].sort(
    (a, b) =>
      numaHops(from, a, sku) - numaHops(from, b, sku) || Math.abs(a - from) - Math.abs(b - from) || a - b,
  )
}

/** Undefined where the SKU has no NIC. */
export const nearestNicNode = (from: number, sku: Sku): number | undefined => nicNodes(from, sku)[0]

/** Undefined where no NIC is farther away than the nearest. */
export function farthestNicNode(from: number, sku: Sku): number | undefined {
  const nodes = nicNodes(from, sku)
  const [nearest, farthest] = [nodes[0], nodes.at(-1)]
  if (nearest === undefined || farthest === undefined) return undefined
  return numaHops(from, farthest, sku) > numaHops(from, nearest, sku) ? farthest : undefined
}
