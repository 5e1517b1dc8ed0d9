/** The YAML of a discovered SKU profile, with comments on what was left out, inferred, or is still to be filled in. */
import { modelOf, type LeftOut } from '../claim/nic-kinds.ts'
import type { NodeShape, WholeGpu } from '../claim/node-shape.ts'
import { partialGpusOf, type PublishedDevice } from '../claim/published-device.ts'
import { numaNodesOf } from '../claim/published-numa-node.ts'
import { describeUnreadPool, sharedPoolsOf, unreadPoolsOf } from '../claim/resource-pool-state.ts'
import { describeTaint, preventingTaintsOf } from '../claim/tainted-device.ts'
import { DeviceAttributes, stringOf } from '../dra/device-attributes.ts'
import type { ResourceSlice } from '../dra/objects.ts'
import { memoryInProfileUnits } from '../dra/quantity.ts'
import { printableLine } from '../core/terminal.ts'
import { FILL_IN } from '../sku/unfinished.ts'
import * as kernel from '../transfer/node-topology.ts'
import { gpuVendorOf } from '../vendors/vendors.ts'

export interface ProfileParts {
  readonly shape: NodeShape
  readonly slices: readonly ResourceSlice[]
  /** Where the slices are from: `context prod`. */
  readonly place: string
  readonly topology: kernel.NodeTopology | undefined
}

export function discoveredProfile(parts: ProfileParts): string {
  const { shape } = parts
  const [gpus, nics] = [shape.gpus.length, shape.nics.underTest.length]
  const lines = [
    ...(gpus === 0 ? ['gpus: [] # none is published; transfers use host memory'] : gpuLines(parts)),
    '',
    ...(nics === 0
      ? ['nics: [] # no RDMA NIC is published; only the GPUs of a node are tested']
      : nicLines(parts)),
  ]
  return [
    ...header(parts, lines).map((line) => `# ${printableLine(line)}`.trimEnd()),
    'schema: claimcheck.sku/1',
    `name: discovered-${gpus}gpu-${nics}nic`,
    `description: ${quote(`${descriptionOf(shape)}, as published by ${shape.nodes[0] ?? ''}`)}`,
    ...lines,
    '',
    '# The profile states no figures yet, so tests that compare with a reference are inconclusive. Measure them on nodes that are',
    '# known to be good with `npx claimcheck baseline --write`, or take them from the specification of the vendor.',
    'reference: { source: none yet }',
    '',
  ].join('\n')
}

function descriptionOf({ gpus, nics: { underTest } }: NodeShape): string {
  return [
    ...(gpus.length === 0 ? [] : [`${gpus.length} x ${productNameOf(gpus[0]) ?? 'GPU'}`]),
    ...(underTest.length === 0 ? [] : [count(underTest.length, 'RDMA NIC')]),
  ].join(' and ')
}

function header({ shape, slices, place, topology }: ProfileParts, lines: readonly string[]): string[] {
  const unfinished = lines.filter((line) => line.includes(FILL_IN)).length
  const ofShape = ({ node }: { readonly node: string }): boolean => shape.nodes.includes(node)
  return [
    `From ${place}: ${count(shape.nodes.length, 'node')} of this kind, ${shape.nodes.join(', ')}.`,
    ...(unfinished === 0
      ? []
      : [
          `Unfinished: ${count(unfinished, 'line')} with the value ${FILL_IN}; the profile is refused until they are filled in.`,
          ...(topology === undefined && lines.some((line) => line.includes(`numaNode: ${FILL_IN}`))
            ? ['`npx claimcheck discover --probe` reads them from a node.']
            : ['The drivers do not publish them.']),
        ]),
    ...otherProducts(shape),
    ...partialGpusOf(slices)
      .filter(ofShape)
      .map(({ node, name, description }) => `Not under test: ${name} on ${node} is ${description}.`),
    ...preventingTaintsOf(slices)
      .filter(ofShape)
      .map((device) => `Not claimable: ${describeTaint(device)}.`),
    ...unreadPoolsOf(slices).map((pool) => `Not read: ${describeUnreadPool(pool)}.`),
    ...sharedPoolsOf(slices).map(
      ({ driver, pool, features }) =>
        `Pool ${pool} of driver ${driver} uses ${features.join(', ')}; only its whole GPUs are in this profile.`,
    ),
  ]
}

/** A profile states one kind of GPU, so others are for the reader to take out. */
function otherProducts({ gpus }: NodeShape): string[] {
  const groups = [...Map.groupBy(gpus, (one) => productNameOf(one) ?? 'not published')]
  if (groups.length < 2) return []
  const list = groups.map(([name, own]) => `${own.length} x ${name}`).join(', ')
  return [`The GPUs are of several products: ${list}. The profile calls all of them by the first.`]
}

function gpuLines({ shape: { gpus, nics }, topology }: ProfileParts): string[] {
  const [first] = gpus
  const others = [...gpus.map(({ gpu }) => gpu), ...nics.underTest.map(({ nic }) => nic)]
  const productName = productNameOf(first)
  const vendor = first === undefined ? undefined : gpuVendorOf(first.pooled.driver)
  const architecture = textOf(first, 'architecture')
  const memory = first?.pooled.device.capacity?.['memory']?.value
  return [
    'gpu:',
    `  productName: ${productName === undefined ? `${FILL_IN} # as nvidia-smi or amd-smi prints it` : quote(productName)}`,
    ...(vendor === undefined ? [] : [`  vendor: ${vendor.id}`]),
    `  architecture: ${architecture === undefined ? 'unknown # not published' : quote(architecture)}`,
    `  memory: ${(memory === undefined ? undefined : memoryInProfileUnits(memory)) ?? `${FILL_IN} # not published; such as 80 GiB`}`,
    '',
    'gpus:',
    ...gpus.map(({ gpu }) => {
      const known = topology?.gpus.find(({ pci_address: address }) => address === gpu.pciAddress)
      return entry(
        {
          name: quote(gpu.name),
          pciBusID: address(gpu.pciAddress),
          ...placeOf(gpu, others, { known, topology, productName }),
        },
        remarksOf(gpu, others, { known, topology, productName }),
      )
    }),
  ]
}

function nicLines({ shape: { nics, underTest }, topology }: ProfileParts): string[] {
  const [first] = nics.underTest
  const { vendor, model } = first === undefined ? {} : modelOf(first)
  const others = nics.underTest.map(({ nic }) => nic)
  const devices = nics.underTest.map(({ nic }) => {
    const known = topology?.nics.find(({ pci_address: own }) => own === nic.pciAddress)
    return { nic, known, mtu: nic.mtu ?? mtuOf(known, topology) }
  })
  const common = mostCommon(devices.flatMap(({ mtu }) => mtu ?? []))
  return [
    'nic:',
    `  vendor: ${vendor === undefined ? 'unknown # not published' : quote(vendor)}`,
    `  model: ${model === undefined ? 'unknown # not published' : quote(model)}`,
    common === undefined
      ? '  # mtu: not published, since these NICs have no interface that their driver describes; none is compared'
      : `  mtu: ${common}`,
    '  rdma: true',
    ...(underTest === undefined
      ? []
      : [...nics.leftOut.flatMap(leftOutRemarks), `  underTest: ${singleQuote(underTest)}`]),
    '',
    'nics:',
    ...devices.map(({ nic, known, mtu }) => {
      const rdmaDevice = nic.rdmaDevice ?? known?.rdma_devices[0]
      const ifName = nic.ifName ?? known?.interfaces[0]
      return entry(
        {
          name: quote(rdmaDevice ?? ifName ?? nic.name),
          pciAddress: address(nic.pciAddress),
          ...(ifName === undefined ? {} : { ifName: quote(ifName) }),
          ...placeOf(nic, others, { known, topology }),
          ...(mtu === undefined || mtu === common ? {} : { mtu: String(mtu) }),
        },
        [
          ...remarksOf(nic, others, { known, topology }),
          ...(rdmaDevice === undefined ? ['the driver publishes no name of its RDMA device'] : []),
        ],
      )
    }),
  ]
}

const leftOutRemarks = ({ nics, reason }: LeftOut): string[] => [
  `  # ${printableLine(`Not under test: ${nics.map(({ nic }) => nic.rdmaDevice ?? nic.ifName ?? nic.name).join(', ')} (${reason}).`)}`,
  '  # To test them too, list them under nics and change underTest, which selects the RDMA NICs of a node that are under test.',
]

interface Known {
  readonly known: kernel.NodeFunction | undefined
  readonly topology: kernel.NodeTopology | undefined
  readonly productName?: string | undefined
}

/** The kernel's word where a node was probed, else the driver's. */
function placeOf(
  device: PublishedDevice,
  others: readonly PublishedDevice[],
  { known, topology, productName }: Known,
): Record<string, string> {
  const asked = known === undefined || topology === undefined ? {} : kernel.numaNodesOf(known, topology)
  const own = asked.numaNode === undefined ? (numaNodesOf(device, others, productName) ?? {}) : asked
  const path = known === undefined ? [] : kernel.pciePathOf(known)
  return {
    numaNode: String(own.numaNode ?? FILL_IN),
    ...(own.memoryNumaNode === undefined ? {} : { memoryNumaNode: String(own.memoryNumaNode) }),
    ...(path.length === 0 ? {} : { pciePath: `[${path.map(quote).join(', ')}]` }),
  }
}

function remarksOf(
  device: PublishedDevice,
  others: readonly PublishedDevice[],
  { known, productName }: Known,
): string[] {
  const { pciAddress } = device
  if (pciAddress === undefined) return ['no PCI address is published']
  if (known?.numa_node !== null && known?.numa_node !== undefined) return []
  const inferred = numaNodesOf(device, others, productName)
  if (inferred?.memoryNumaNode !== undefined && inferred.numaNode === undefined)
    return [`the driver publishes the node of its own memory; the node of its CPUs is in nvidia-smi topo -m`]
  if (inferred === undefined)
    return [`NUMA node not published: /sys/bus/pci/devices/${pciAddress}/numa_node on the node`]
  return inferred.from === undefined ? [] : [`NUMA node of ${inferred.from}, under the same PCIe host bridge`]
}

const entry = (values: Readonly<Record<string, string>>, remarks: readonly string[]): string =>
  `  - { ${Object.entries(values)
    .map(([key, value]) => `${key}: ${value}`)
    .join(', ')} }${remarks.length === 0 ? '' : ` # ${printableLine(remarks.join('; '))}`}`

const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`
const quote = (value: string): string => JSON.stringify(value)
/** In YAML, a single quote within single quotes is doubled. */
const singleQuote = (value: string): string => `'${value.replaceAll("'", "''")}'`
const address = (value: string | undefined): string => (value === undefined ? FILL_IN : quote(value))

const textOf = (of: WholeGpu | undefined, name: string): string | undefined =>
  of === undefined ? undefined : stringOf(new DeviceAttributes(of.pooled).own(name))

const productNameOf = (of: WholeGpu | undefined): string | undefined =>
  of === undefined ? undefined : gpuVendorOf(of.pooled.driver)?.productName(new DeviceAttributes(of.pooled))

function mtuOf(
  nic: kernel.NodeNic | undefined,
  topology: kernel.NodeTopology | undefined,
): number | undefined {
  const own = topology?.interfaces.find(({ name }) => nic?.interfaces.includes(name) === true)
  return own?.mtu ?? undefined
}

function mostCommon(values: readonly number[]): number | undefined {
  const groups = [...Map.groupBy(values, (value) => value)].toSorted(([, a], [, b]) => b.length - a.length)
  return groups[0]?.[0]
}
