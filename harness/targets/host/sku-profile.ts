/**
 * Writes the SKU profile of a machine from its inventory. What the machine does not state is written as FILL_IN, so that the
 * profile is refused until someone fills it in. Reference values come from a known SKU with the same GPUs and links, if there
 * is one, and are never invented.
 */
import { readFileSync } from 'node:fs'
import { Document, isScalar, parse, visit } from 'yaml'
import { loadSku, type Sku } from '../../sku/sku.ts'
import { FILL_IN } from '../../sku/unfinished.ts'
import type { Inventory, InventoryGpu } from './inventory.ts'
import type { SysfsNic } from './sysfs-nics.ts'

/** YAML text of a claimcheck.sku/1 file. `known`: paths of profiles whose reference figures may fit. */
export function formatSkuProfile(inventory: Inventory, known: readonly string[]): string {
  const { vendor, gpus, nics, links, numaNodes } = inventory
  const [gpu] = gpus
  const [nic] = nics
  const usualMtu = nics.find(({ mtu }) => mtu !== undefined)?.mtu
  if (gpu === undefined) throw new TypeError('an inventory without GPUs')
  const document = new Document({
    schema: 'claimcheck.sku/1',
    name: nameOf(gpu, gpus.length),
    description: descriptionOf(inventory, gpu),
    gpu: {
      productName: gpu.productName,
      vendor: vendor.id,
      architecture: gpu.architecture ?? FILL_IN,
      memory: gpu.memoryMiB === undefined ? 'unified with host memory' : `${gpu.memoryMiB} MiB`,
      ...linksIn(inventory),
    },
    ...(nic === undefined
      ? {}
      : {
          nic: {
            vendor: nic.vendor,
            model: nic.model,
            ...(usualMtu === undefined ? {} : { mtu: usualMtu }),
            rdma: true,
          },
        }),
    gpus: gpus.map(({ name, pciAddress, numaNode, memoryNumaNode, pciePath }) => ({
      name,
      pciBusID: pciAddress,
      numaNode: numaNode ?? FILL_IN,
      ...(memoryNumaNode === undefined ? {} : { memoryNumaNode }),
      ...(pciePath === undefined ? {} : { pciePath }),
    })),
    nics: nics.map((own) => nicEntry(own, usualMtu)),
    reference: referenceFor(gpu, nics, links, known),
  })
  remark(document, ['gpu', 'architecture'], 'the driver does not report it')
  remark(document, ['gpu', 'links'], `active links of each GPU; now ${countsOf(gpus)}`)
  const nodes = `one of NUMA nodes ${numaNodes.join(', ')}; the kernel says -1: see the BIOS (ACPI _PXM) or the manual of the board`
  gpus.forEach((_, index) => remark(document, ['gpus', index, 'numaNode'], nodes))
  nics.forEach((_, index) => remark(document, ['nics', index, 'numaNode'], nodes))
  visit(document, {
    Seq(_, list) {
      if (list.items.every((item) => isScalar(item))) list.flow = true
    },
  })
  document.commentBefore = [
    ' As discovered on this machine. Read it before other machines are compared with it.',
    ...inventory.warnings.map((warning) => ` WARNING: ${warning}`),
  ].join('\n')
  return document.toString({ lineWidth: 120 })
}

const nameOf = ({ productName }: InventoryGpu, count: number): string => {
  const short = productName
    .replace(/^(NVIDIA|AMD) /, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
  return `${short === '' ? 'gpu' : short}x${count}`
}

function descriptionOf({ gpus, nics }: Inventory, { productName }: InventoryGpu): string {
  const nodes = new Set(gpus.flatMap(({ numaNode }) => numaNode ?? [])).size
  const place = gpus.some(({ numaNode }) => numaNode === undefined)
    ? ''
    : ` on ${nodes} NUMA ${nodes === 1 ? 'node' : 'nodes'}`
  return `${gpus.length} x ${productName} and ${nics.length} RDMA NICs${place}, as discovered`
}

/** A pair's number stands for itself where links connect more than two GPUs directly. */
function linksIn({ gpus, links, linkPairs, wired }: Inventory): object {
  const own = links ?? (gpus.every((gpu) => gpu.links === undefined) ? undefined : FILL_IN)
  if (wired !== true || gpus.length <= 2) return own === undefined ? {} : { links: own }
  return {
    ...(links === undefined ? {} : { links }),
    linkPairs: linkPairs.map(({ between: [a, b], links: count }) => ({
      between: [gpus[a]?.name, gpus[b]?.name],
      links: count,
    })),
  }
}

const countsOf = (gpus: readonly InventoryGpu[]): string =>
  gpus.map(({ name, links }) => `${name} ${links ?? 'unknown'}`).join(', ')

const nicEntry = (
  { name, pciAddress, ifName, numaNode, charDevice, pciePath, mtu }: SysfsNic,
  usualMtu: number | undefined,
): object => ({
  name,
  pciAddress,
  ...(ifName === undefined ? {} : { ifName }),
  numaNode: numaNode ?? FILL_IN,
  ...(pciePath === undefined ? {} : { pciePath }),
  ...(mtu === undefined || mtu === usualMtu ? {} : { mtu }),
  ...(charDevice === undefined ? {} : { charDevice }),
})

/** Says at a value that is to be filled in what belongs there. */
function remark(document: Document, path: readonly (string | number)[], text: string): void {
  const node = document.getIn(path, true)
  if (isScalar(node) && node.value === FILL_IN) node.comment = ` ${text}`
}

const NONE = { source: 'none: state what such a node must reach, and where that comes from' }
const OF_NICS = ['placement', 'aligned', 'unaligned', 'stability']
const OF_GPUS = ['gpuLink', 'gpuMemory']
/** Figures of comparisons, which may be over links, NICs or both. */
const OF_BOTH = ['figures', 'baselines']

/** The figures of the first known SKU with these GPUs: those of links where it has links, those of NICs where it has the NICs. */
function referenceFor(
  gpu: InventoryGpu,
  nics: readonly SysfsNic[],
  links: number | undefined,
  known: readonly string[],
): object {
  for (const path of known) {
    const sku = loadSku(path)
    if (sku.gpu.productName !== gpu.productName) continue
    const [ofGpus, ofNics] = [fitsLinks(sku, links), fitsNics(sku, nics)]
    const keys = new Set([
      ...(ofGpus ? OF_GPUS : []),
      ...(ofNics ? OF_NICS : []),
      ...(ofGpus && (ofNics || (sku.nics.length === 0 && nics.length === 0)) ? OF_BOTH : []),
    ])
    const own = Object.entries(referenceIn(path)).filter(([key]) => keys.has(key))
    if (own.length > 0) return { source: sku.reference.source, ...Object.fromEntries(own) }
  }
  return NONE
}

/** A SKU that states no links fits any. */
const fitsLinks = ({ gpu }: Sku, links: number | undefined): boolean =>
  gpu.links === undefined || links === undefined || gpu.links === links

const fitsNics = (sku: Sku, nics: readonly SysfsNic[]): boolean =>
  nics.length > 0 &&
  sku.nics.length === nics.length &&
  nics.every(({ vendor, model }) => vendor === sku.nic.vendor && model === sku.nic.model)

/** As it is written, units and all. */
const referenceIn = (path: string): object =>
  (parse(readFileSync(path, 'utf8')) as { reference: object }).reference
