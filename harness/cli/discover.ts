/**
 * `claimcheck discover`: writes a SKU profile from published ResourceSlices and, where a node was probed, from what its kernel
 * says. A value that neither of them states is FILL_IN, and a profile with such values is refused until they are filled in.
 */
import { ClaimcheckError } from '../core/errors.ts'
import { shapesOf, type NodeShape } from '../claim/node-shape.ts'
import { describeUnreadPool, requireCompletePools, unreadPoolsOf } from '../claim/resource-pool-state.ts'
import { devicesOf, partialGpusOf } from '../claim/published-device.ts'
import type { ResourceSlice } from '../dra/objects.ts'
import { poolsOf } from '../dra/resource-pools.ts'
import type { NodeTopology } from '../transfer/node-topology.ts'
import { GPU_VENDORS, NIC_DRIVERS } from '../vendors/vendors.ts'
import { discoveredProfile } from './discovered-profile.ts'

export interface Discovered {
  readonly yaml: string
  /** The shapes of the nodes that the profile does not describe. */
  readonly others: readonly NodeShape[]
}

export interface DiscoverOptions {
  /** Whose shape is described; default: the most common one. */
  readonly node?: string | undefined
  /** What the kernel of a node of that shape says. */
  readonly topology?: NodeTopology | undefined
}

/**
 * Throws NOT_FOUND when no node publishes GPUs or RDMA NICs, or lacks those that its drivers should publish, with what is published instead; POOL_INCOMPLETE for a pool that
 * its driver is publishing; SLICE_INVALID for a PCI address that is published twice.
 */
export function discover(
  slices: readonly ResourceSlice[],
  place: string,
  { node, topology }: DiscoverOptions = {},
): Discovered {
  const { shape, others } = shapeToDescribe(slices, place, node)
  return { yaml: discoveredProfile({ shape, slices, place, topology }), others }
}

/** Throws as `discover` does. */
export function shapeToDescribe(
  slices: readonly ResourceSlice[],
  place: string,
  node: string | undefined,
): { readonly shape: NodeShape; readonly others: readonly NodeShape[] } {
  requireCompletePools(slices)
  const shapes = shapesOf(slices)
  const shape = node === undefined ? shapes[0] : shapes.find(({ nodes }) => nodes.includes(node))
  if (shape !== undefined) return { shape, others: shapes.filter((other) => other !== shape) }
  throw new ClaimcheckError('NOT_FOUND', {
    subject: place,
    problem:
      node === undefined
        ? 'publishes no node with GPUs and RDMA NICs'
        : `publishes no GPUs and RDMA NICs of node ${node}`,
    ...(shapes.length === 0
      ? { found: whatIsThere(slices) }
      : { expected: `one of ${shapes.flatMap(({ nodes }) => nodes).join(', ')}` }),
    hint: lacksRdma(slices)
      ? "The driver found no RDMA device of these NICs: load the kernel's RDMA modules on the nodes, then restart the driver."
      : 'Run `npx claimcheck doctor` to see what is published.',
  })
}

const nicsOf = (slices: readonly ResourceSlice[]) =>
  devicesOf(slices).flatMap((device) => (device.kind === 'nic' ? device : []))

/** NICs on PCI, but none with RDMA. */
function lacksRdma(slices: readonly ResourceSlice[]): boolean {
  const nics = nicsOf(slices)
  return !nics.some(({ rdma }) => rdma) && nics.some(({ pciAddress }) => pciAddress !== undefined)
}

function whatIsThere(slices: readonly ResourceSlice[]): string {
  const gpus = devicesOf(slices).filter(({ kind }) => kind === 'gpu')
  const nics = nicsOf(slices)
  const without = nics.filter(({ rdma }) => !rdma).map(({ node, name }) => `${node}/${name}`)
  const partial = partialGpusOf(slices).map(
    ({ node, name, description }) => `${node}/${name} is ${description}`,
  )
  const known = new Set([...GPU_VENDORS, ...NIC_DRIVERS].map(({ driver }) => driver))
  const empty = poolsOf(slices)
    .filter(({ driver, slices: own }) => known.has(driver) && own.every(({ spec }) => !spec.devices?.length))
    .map(({ driver, name }) => `pool ${name} of driver ${driver} has no devices`)
  const rdma = nics.length - without.length
  const unread = unreadPoolsOf(slices).map(describeUnreadPool)
  return [
    `${gpus.length} GPUs and ${rdma} RDMA NICs`,
    ...(rdma > 0 || without.length === 0 ? [] : [`NICs without RDMA: ${without.join(', ')}`]),
    ...partial,
    ...empty,
    ...unread,
  ].join('; ')
}
