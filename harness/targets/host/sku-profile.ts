/**
 * Writes the SKU profile of a machine from its inventory. Reference values come from a known SKU with the same GPUs and links,
 * if there is one, and are never invented.
 */
import { readFileSync } from 'node:fs'
import { Document, parse } from 'yaml'
import { loadSku, type Sku } from '../../sku/sku.ts'
import { architectureOf } from '../../vendors/nvidia/gpu-architecture.ts'
import type { Inventory } from './inventory.ts'

/** YAML text of a claimcheck.sku/1 file. `known`: paths of profiles, the first fitting one's reference is taken. */
export function formatSkuProfile({ gpus, nics, links }: Inventory, known: readonly string[]): string {
  const [gpu] = gpus
  const [nic] = nics
  if (gpu === undefined) throw new TypeError('an inventory without GPUs')
  const like = known.find((path) => {
    const sku = loadSku(path)
    return sku.gpu.productName === gpu.productName && fits(sku, links)
  })
  const short = gpu.productName
    .replace(/^NVIDIA /, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/-$/, '')
  const numaNodes = new Set(gpus.map(({ numaNode }) => numaNode)).size
  const document = new Document({
    schema: 'claimcheck.sku/1',
    name: `${short}x${gpus.length}`,
    description: `${gpus.length} x ${gpu.productName} and ${nics.length} RDMA NICs on ${numaNodes} NUMA ${numaNodes === 1 ? 'node' : 'nodes'}, as discovered`,
    gpu: {
      productName: gpu.productName,
      architecture: architectureOf(gpu.computeCapability),
      memory: `${gpu.memoryMiB} MiB`,
      ...(links === undefined ? {} : { links }),
    },
    ...(nic === undefined
      ? {}
      : { nic: { vendor: nic.vendor, model: nic.model, mtu: nic.mtu ?? 1500, rdma: true } }),
    gpus: gpus.map(({ name, pciAddress, numaNode }) => ({ name, pciBusID: pciAddress, numaNode })),
    nics: nics.map(({ name, pciAddress, ifName, numaNode, charDevice }) => ({
      name,
      pciAddress,
      ...(ifName === undefined ? {} : { ifName }),
      numaNode,
      charDevice,
    })),
    reference: { source: 'none: state what such a node must reach, and where that comes from' },
  })
  const reference = like === undefined ? undefined : referenceIn(like)
  if (reference !== undefined) document.setIn(['reference'], reference)
  document.commentBefore = ' As discovered on this machine. Read it before it is held against others.'
  return document.toString({ lineWidth: 120 })
}

/** A SKU that says nothing of links fits any. */
const fits = ({ gpu }: Sku, links: number | undefined): boolean =>
  gpu.links === undefined || links === undefined || gpu.links === links

/** As it is written, units and all. */
const referenceIn = (path: string): unknown =>
  (parse(readFileSync(path, 'utf8')) as { reference: unknown }).reference
