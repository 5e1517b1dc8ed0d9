/**
 * The kinds of node that slices publish: nodes with the same GPUs and the same NICs under test, at the same PCI addresses
 * and NUMA nodes. NICs that are not under test may have other addresses on every node.
 */
import { ClaimcheckError } from '../core/errors.ts'
import { compileSelector } from '../dra/cel/selector.ts'
import type { ResourceSlice } from '../dra/objects.ts'
import type { PooledDevice } from '../dra/resource-pools.ts'
import { gpuVendorOf, nicDriverOf } from '../vendors/vendors.ts'
import { selectNics, shouldHaveRdma, type NicSelection, type RdmaNic } from './nic-kinds.ts'
import {
  pooledDevices,
  publishedDevice,
  type PublishedDevice,
  type PublishedGpu,
} from './published-device.ts'

export interface WholeGpu {
  readonly gpu: PublishedGpu
  readonly pooled: PooledDevice
}

interface PublishedNode {
  readonly node: string
  readonly gpus: readonly WholeGpu[]
  readonly nics: NicSelection
  /** What a driver of this node should publish, and does not. */
  readonly lacks: 'GPUs' | 'RDMA' | 'nothing'
}

export interface NodeShape {
  /** Sorted. */
  readonly nodes: readonly string[]
  /** Of the first node. */
  readonly gpus: readonly WholeGpu[]
  readonly nics: NicSelection
  /** CEL, true for the NICs under test on all of the nodes and false for those left out; undefined: none is left out. */
  readonly underTest: string | undefined
}

/**
 * Shapes that have GPUs and RDMA NICs, that of the most nodes first; after them shapes that have only one of both, where no
 * driver publishes the other without its devices or without RDMA. Throws SLICE_INVALID for an address that is published twice.
 */
export function shapesOf(slices: readonly ResourceSlice[]): readonly NodeShape[] {
  const published = nodesOf(slices).filter(
    ({ gpus, nics, lacks }) => gpus.length + nics.underTest.length > 0 && lacks === 'nothing',
  )
  const hasBoth = ({ gpus, nics }: NodeShape): boolean => gpus.length > 0 && nics.underTest.length > 0
  return [...Map.groupBy(published, keyOf).values()]
    .map(shapeOf)
    .toSorted((a, b) => Number(hasBoth(b)) - Number(hasBoth(a)) || b.nodes.length - a.nodes.length)
}

function nodesOf(slices: readonly ResourceSlice[]): PublishedNode[] {
  const devices = pooledDevices(slices).map(({ node, pooled }) => ({
    node,
    pooled,
    published: publishedDevice(node, pooled),
  }))
  return [...Map.groupBy(devices, ({ node }) => node)].map(([node, own]) => {
    const gpus = own.flatMap(({ published, pooled }) =>
      published?.kind === 'gpu' ? { gpu: published, pooled } : [],
    )
    const nics = own.flatMap(({ published, pooled }): RdmaNic[] =>
      published?.kind === 'nic' && published.rdma ? [{ nic: published, pooled }] : [],
    )
    requireUniqueAddresses(
      node,
      gpus.map(({ gpu }) => gpu),
    )
    requireUniqueAddresses(
      node,
      nics.map(({ nic }) => nic),
    )
    return { node, gpus, nics: selectNics(nics), lacks: lacking(node, slices, { gpus, nics, own }) }
  })
}

function lacking(
  node: string,
  slices: readonly ResourceSlice[],
  of: {
    readonly gpus: readonly WholeGpu[]
    readonly nics: readonly RdmaNic[]
    readonly own: readonly {
      readonly pooled: PooledDevice
      readonly published: PublishedDevice | undefined
    }[]
  },
): PublishedNode['lacks'] {
  const { gpus, nics, own } = of
  const hasGpuDriver = slices.some(
    ({ spec }) => spec.nodeName === node && gpuVendorOf(spec.driver) !== undefined,
  )
  if (gpus.length === 0 && hasGpuDriver) return 'GPUs'
  const lostRdma = own.some(
    ({ pooled, published }) =>
      published?.kind === 'nic' && !published.rdma && shouldHaveRdma({ nic: published, pooled }),
  )
  return nics.length === 0 && lostRdma ? 'RDMA' : 'nothing'
}

const keyOf = ({ gpus, nics }: PublishedNode): string =>
  JSON.stringify(
    [...gpus.map(({ gpu }) => gpu), ...nics.underTest.map(({ nic }) => nic)]
      .map(({ kind, pciAddress, numaNodes }) => JSON.stringify([kind, pciAddress, numaNodes]))
      .sort(),
  )

function shapeOf(nodes: readonly PublishedNode[]): NodeShape {
  const sorted = nodes.toSorted((a, b) => (a.node < b.node ? -1 : 1))
  const [first] = sorted
  if (first === undefined) throw new RangeError('a shape has at least one node')
  return {
    nodes: sorted.map(({ node }) => node),
    gpus: first.gpus,
    nics: first.nics,
    underTest: expressionFor(sorted),
  }
}

/** By the attributes that tell the NICs apart, else by the PCI addresses of those under test. */
function expressionFor(nodes: readonly PublishedNode[]): string | undefined {
  const leftOut = nodes.flatMap(({ nics }) => nics.leftOut)
  if (leftOut.length === 0) return undefined
  const conditions = [...new Set(leftOut.map(({ condition }) => condition))]
  const known = conditions.flatMap((condition) => condition ?? [])
  const byAttribute = known.join(' && ')
  return known.length === conditions.length && separates(byAttribute, nodes) ? byAttribute : byAddress(nodes)
}

function separates(expression: string, nodes: readonly PublishedNode[]): boolean {
  const selector = compileSelector(expression, 'nic.underTest')
  const selects = ({ pooled }: RdmaNic): boolean => selector.matches(pooled.device, pooled.driver)
  return nodes.every(
    ({ nics }) => nics.underTest.every(selects) && !nics.leftOut.some((group) => group.nics.some(selects)),
  )
}

function byAddress(nodes: readonly PublishedNode[]): string {
  const nics = nodes.flatMap((node) => node.nics.underTest)
  return [...Map.groupBy(nics, ({ pooled }) => pooled.driver)]
    .map(([driver, own]) => {
      const { domain, name } = nicDriverOf(driver)?.pciAddressAttribute ?? {
        domain: driver,
        name: 'pciAddress',
      }
      const map = `device.attributes["${domain}"]`
      const addresses = [...new Set(own.flatMap(({ nic }) => nic.pciAddress ?? []))]
      return `("${name}" in ${map} && ${map}["${name}"] in [${addresses.map((one) => `"${one}"`).join(',')}])`
    })
    .join(' || ')
}

function requireUniqueAddresses(node: string, devices: readonly PublishedDevice[]): void {
  for (const [address, own] of Map.groupBy(devices, ({ pciAddress }) => pciAddress)) {
    const [first] = own
    if (address === undefined || first === undefined || own.length === 1) continue
    throw new ClaimcheckError('SLICE_INVALID', {
      subject: `node ${node}: PCI address ${address}`,
      problem: `is published by ${own.length} ${first.kind === 'gpu' ? 'GPUs' : 'RDMA NICs'}`,
      expected: 'one device for each address',
      found: own.map(({ driver, pool, name }) => `${name} of pool ${pool}, driver ${driver}`).join(' and '),
      hint: 'Look at `kubectl get resourceslices -o yaml`. Two drivers that publish the same devices give each of them to two claims; let one driver leave them out.',
    })
  }
}
