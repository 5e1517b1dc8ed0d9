/** All devices under test: those that drivers publish and those that the SKU profile states, under the profile's names. */
import { devicesOf, rdmaNicsWhere } from '../claim/published-device.ts'
import { nicName, skuGpuOf } from '../claim/sku-device.ts'
import { describeTaint, preventingTaintsOf } from '../claim/tainted-device.ts'
import { underTest } from '../claim/under-test.ts'
import type { Sku } from '../sku/sku.ts'
import type { ResourceSlice } from '../dra/objects.ts'
import type { ExcludedNode, Target } from '../targets/target.ts'
import type { Inventory } from './coverage.ts'

/** Rejects when the target cannot list its nodes or ResourceSlices. */
export async function inventoryOf(target: Target, sku: Sku): Promise<Inventory> {
  const [used, slices, excluded] = await Promise.all([
    target.nodes(),
    target.slices(),
    target.excludedNodes?.() ?? [],
  ])
  return inventoryIn({ used, slices, excluded }, sku)
}

/** `used`: the nodes under test. Devices with a taint count as such; that they cannot be claimed is in `leftOut`. */
export function inventoryIn(
  {
    used,
    slices,
    excluded,
  }: {
    readonly used: readonly string[]
    readonly slices: readonly ResourceSlice[]
    readonly excluded: readonly ExcludedNode[]
  },
  sku: Sku,
): Inventory {
  const nodes = [...new Set([...used, ...excluded.map(({ node }) => node)])].sort()
  const published = {
    gpus: devicesOf(slices)
      .filter((device) => device.kind === 'gpu')
      .map((gpu) => ({ node: gpu.node, name: skuGpuOf(gpu, sku)?.name ?? gpu.name })),
    nics: rdmaNicsWhere(slices, underTest(sku)).map((nic) => ({ node: nic.node, name: nicName(nic, sku) })),
  }
  const stated = sku.nic.rdma ? sku.nics : []
  const all = (kind: 'gpus' | 'nics', known: readonly { readonly name: string }[]): string[] =>
    nodes.flatMap((node) => [
      ...new Set(
        [...known, ...published[kind].filter((one) => one.node === node)].map(
          ({ name }) => `${node}/${name}`,
        ),
      ),
    ])
  return {
    nodes,
    gpus: all('gpus', sku.gpus),
    nics: all('nics', stated),
    leftOut: [
      ...excluded.map(({ node, why }) => ({ what: node, why })),
      ...preventingTaintsOf(slices)
        .filter(({ node }) => used.includes(node))
        .map((tainted) => ({ what: `${tainted.node}/${tainted.name}`, why: describeTaint(tainted) })),
    ],
  }
}
