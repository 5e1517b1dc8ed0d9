/**
 * Compares the published topology of each node with the SKU and lists every mismatch. Devices that are neither RDMA NICs nor
 * GPUs, such as bridges and management interfaces, are ignored.
 */
import type { Sku } from '../sku/sku.ts'
import type { ResourceSlice } from '../dra/objects.ts'
import { devicesOf, rdmaNicsWhere, type PublishedDevice } from './published-device.ts'
import { publishedNumaNode } from './sku-device.ts'
import { underTest } from './under-test.ts'
import { vendorOf } from '../sku/sku-vendor.ts'
import { gpuVendorOf } from '../vendors/vendors.ts'

export interface TopologyMismatch {
  readonly node: string
  readonly kind:
    | 'missing'
    | 'extra'
    | 'duplicate'
    | 'vendor'
    | 'not-under-test'
    | 'no-rdma'
    | 'numa-node'
    | 'rdma-device'
    | 'mtu'
  /** As published, or as the SKU names it where it is missing: `mlx5_3 (0104:00:00.0)`. */
  readonly device: string
  readonly expected: string
  readonly found: string
}

interface Wanted {
  readonly kind: 'gpu' | 'nic'
  readonly name: string
  readonly pciAddress: string
  readonly numaNode: number
  readonly memoryNumaNode?: number
  readonly mtu?: number
  readonly ifName?: string | undefined
}

/** `nodes`: those that must publish; default: those that do. */
export function compareTopology(
  slices: readonly ResourceSlice[],
  sku: Sku,
  nodes?: readonly string[],
): TopologyMismatch[] {
  const devices = devicesOf(slices)
  const isUnderTest = underTest(sku)
  const others = new Set(rdmaNicsWhere(slices, (nic) => !isUnderTest(nic)).map(keyOf))
  const wanted: Wanted[] = [
    ...sku.gpus.map((gpu) => ({ kind: 'gpu' as const, pciAddress: gpu.pciBusID, ...gpu })),
    ...sku.nics.map((nic) => ({ kind: 'nic' as const, ...nic })),
  ]
  const names = nodes ?? [...new Set(devices.map(({ node }) => node))]
  return names.flatMap((node) => {
    const all = devices.filter((device) => device.node === node)
    const vendor = otherVendor(node, all, sku)
    const [here, wantedHere] =
      vendor === undefined
        ? [all, wanted]
        : [all.filter(({ kind }) => kind === 'nic'), wanted.filter(({ kind }) => kind === 'nic')]
    return [
      ...(vendor ?? []),
      ...wantedHere.flatMap((want) => compareDevice(node, want, here, { sku, others })),
      ...extras(
        wantedHere,
        here.filter((device) => !others.has(keyOf(device))),
        { node, sku },
      ),
    ]
  })
}

/** Where all GPUs are another vendor's, that is said once, and not of every GPU. */
function otherVendor(
  node: string,
  here: readonly PublishedDevice[],
  sku: Sku,
): TopologyMismatch[] | undefined {
  const expected = vendorOf(sku)
  const gpus = here.filter(({ kind }) => kind === 'gpu')
  if (gpus.length === 0 || sku.gpus.length === 0 || gpus.some(({ driver }) => driver === expected.driver))
    return undefined
  const found = [...new Set(gpus.map(({ driver }) => driver))]
    .map((driver) => `${gpuVendorOf(driver)?.title ?? 'unknown'} (driver ${driver})`)
    .join(' and ')
  return [
    {
      node,
      kind: 'vendor',
      device: 'the GPUs',
      expected: `${sku.gpus.length} of ${expected.title} (driver ${expected.driver}), as SKU ${sku.name} says`,
      found: `${gpus.length} of ${found}; choose the profile of these nodes, or write one with \`npx claimcheck discover\``,
    },
  ]
}

function compareDevice(
  node: string,
  want: Wanted,
  here: readonly PublishedDevice[],
  { sku, others }: { readonly sku: Sku; readonly others: ReadonlySet<string> },
): TopologyMismatch[] {
  const found = here.filter(({ kind, pciAddress }) => kind === want.kind && pciAddress === want.pciAddress)
  const [device, ...more] = found
  const label = `${want.name} (${want.pciAddress})`
  if (device === undefined) {
    return [{ node, kind: 'missing', device: label, expected: 'published once', found: 'not published' }]
  }
  const at = { node, device: `${device.name}, ${label}` }
  const mismatches: TopologyMismatch[] = []
  if (more.length > 0) {
    const names = found.map(({ name }) => name).join(', ')
    mismatches.push({ ...at, kind: 'duplicate', expected: 'published once', found: `published as ${names}` })
  }
  if (others.has(keyOf(device))) {
    const expected = 'selected by nic.underTest of the profile, since it lists the NIC'
    mismatches.push({ ...at, kind: 'not-under-test', expected, found: 'not selected' })
  }
  if (device.kind === 'nic' && !device.rdma) {
    mismatches.push({ ...at, kind: 'no-rdma', expected: 'rdma: true', found: 'rdma: false' })
  }
  // Where the driver published no name of the RDMA device, the profile calls the NIC by its interface.
  const named = want.name !== want.ifName && want.name !== device.name
  if (device.kind === 'nic' && named && device.rdmaDevice !== undefined && device.rdmaDevice !== want.name) {
    mismatches.push({ ...at, kind: 'rdma-device', expected: want.name, found: device.rdmaDevice })
  }
  const mtu = want.mtu ?? sku.nic.mtu
  if (device.kind === 'nic' && mtu !== undefined && device.mtu !== undefined && device.mtu !== mtu) {
    mismatches.push({ ...at, kind: 'mtu', expected: `MTU ${mtu}`, found: `MTU ${device.mtu}` })
  }
  const own = publishedNumaNode(device.numaNodes, want.memoryNumaNode)
  if (own !== undefined && own !== want.numaNode) {
    mismatches.push({
      ...at,
      kind: 'numa-node',
      expected: `NUMA node ${want.numaNode}`,
      found: `NUMA node ${own}`,
    })
  }
  return mismatches
}

const keyOf = ({ node, driver, name }: PublishedDevice): string => `${node}/${driver}/${name}`

function extras(
  wanted: readonly Wanted[],
  here: readonly PublishedDevice[],
  { node, sku }: { readonly node: string; readonly sku: Sku },
): TopologyMismatch[] {
  return here
    .filter((device) => device.kind === 'gpu' || device.rdma)
    .filter(
      ({ kind, pciAddress }) => !wanted.some((want) => want.kind === kind && want.pciAddress === pciAddress),
    )
    .map(({ kind, name, pciAddress }) => ({
      node,
      kind: 'extra',
      device: `${name}${pciAddress === undefined ? '' : ` (${pciAddress})`}`,
      expected: `only the ${kind === 'gpu' ? sku.gpus.length : sku.nics.length} ${kind === 'gpu' ? 'GPUs' : 'RDMA NICs'} of SKU ${sku.name}`,
      found: 'published too',
    }))
}
