/** Moves the faults of the catalogue, which are declared for two nodes, to any node and device of larger racks. */
import type { FaultDeclaration } from '../../harness/rack/fault-catalogue.ts'
import type { Fault } from '../../harness/rack/fault.ts'
import type { Rack } from '../../harness/rack/rack.ts'
import { seededRandom } from '../../harness/rack/seeded-random.ts'

/** The rack with `count` nodes: node-a, node-b, ... */
export const withNodes = (rack: Rack, count: number): Rack => ({
  ...rack,
  nodes: Array.from({ length: count }, (_, index) => `node-${String.fromCodePoint(97 + index)}`),
})

/** Whether a declaration is one fault of one node. */
export const hasPlace = ({ faults: [first, ...more] }: Pick<FaultDeclaration, 'faults'>): boolean =>
  first !== undefined && more.length === 0 && 'node' in first

/**
 * The fault on a node and device that `seed` draws. Where it also names a NUMA node or a second NIC, only the node is drawn, since
 * these belong to its device.
 */
export function anywhere(fault: Fault, { nodes, sku }: Rack, seed: number): Fault {
  const draw = seededRandom(seed, `a place for ${fault.kind}`)
  const oneOf = <Kind>(list: readonly Kind[], declared: Kind): Kind =>
    list[Math.floor(draw.uniform() * list.length)] ?? declared
  if (!('node' in fault)) return fault
  const moved = { ...fault, node: oneOf(nodes, fault.node) }
  if ('with' in moved || 'over' in moved || 'numaNode' in moved) return moved
  if ('nic' in moved)
    return {
      ...moved,
      nic: oneOf(
        sku.nics.map(({ name }) => name),
        moved.nic,
      ),
    }
  if (!('gpu' in moved)) return moved
  return {
    ...moved,
    gpu: oneOf(
      sku.gpus.map(({ name }) => name),
      moved.gpu,
    ),
  }
}
