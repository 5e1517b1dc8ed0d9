/**
 * `claimcheck discover`: writes a SKU profile from published ResourceSlices, as YAML that `loadSku` reads. Values that drivers
 * do not publish, such as the reference figures, are marked "FILL IN" and have placeholders that no hardware meets, so
 * that an unfinished profile fails.
 */
import type { AttributeValue, ResourceSlice } from '../dra/objects.ts'
import { qualify } from '../dra/cel/cel-device.ts'
import { devicesOf, type PublishedGpu, type PublishedNic } from '../claim/published-device.ts'
import { ClaimcheckError } from '../core/errors.ts'

interface NodeShape {
  readonly nodes: readonly string[]
  readonly gpus: readonly PublishedGpu[]
  readonly nics: readonly PublishedNic[]
}

/** Groups nodes that have the same devices at the same PCI addresses and NUMA nodes, the most common group first. */
function shapesOf(slices: readonly ResourceSlice[]): readonly NodeShape[] {
  const devices = devicesOf(slices)
  const groups = Map.groupBy([...new Set(devices.map(({ node }) => node))], (node) =>
    JSON.stringify(
      devices
        .filter((one) => one.node === node && (one.kind === 'gpu' || one.rdma))
        .map(({ kind, pciAddress, numaNodes }) => JSON.stringify([kind, pciAddress, numaNodes]))
        .sort(),
    ),
  )
  return [...groups.values()]
    .map((nodes) => {
      const own = devices.filter(({ node }) => node === nodes[0])
      return {
        nodes: nodes.toSorted(),
        gpus: own.filter((one) => one.kind === 'gpu'),
        nics: own.filter((one) => one.kind === 'nic').filter(({ rdma }) => rdma),
      }
    })
    .filter(({ gpus, nics }) => gpus.length > 0 && nics.length > 0)
    .toSorted((a, b) => b.nodes.length - a.nodes.length)
}

export interface Discovered {
  readonly yaml: string
  /** The shapes of the nodes that the profile does not describe. */
  readonly others: readonly NodeShape[]
}

/** Describes the shape of `node`; by default, the most common one. Throws NOT_FOUND when no GPUs and RDMA NICs are published. */
export function discover(slices: readonly ResourceSlice[], place: string, node?: string): Discovered {
  const shapes = shapesOf(slices)
  const shape = node === undefined ? shapes[0] : shapes.find(({ nodes }) => nodes.includes(node))
  if (shape === undefined) {
    throw new ClaimcheckError('NOT_FOUND', {
      subject: place,
      problem:
        node === undefined
          ? 'publishes no node with GPUs and RDMA NICs'
          : `publishes no GPUs and RDMA NICs of node ${node}`,
      ...(shapes.length === 0
        ? {}
        : { expected: `one of ${shapes.flatMap(({ nodes }) => nodes).join(', ')}` }),
      hint: 'Run `npx claimcheck doctor` to see what is published.',
    })
  }
  return { yaml: profile(shape, slices, place), others: shapes.filter((other) => other !== shape) }
}

const FILL_IN = '# FILL IN'

function profile({ nodes, gpus, nics }: NodeShape, slices: readonly ResourceSlice[], place: string): string {
  const [gpu] = gpus
  const [nic] = nics
  const gpuAttributes = attributesOf(slices, gpu)
  const nicAttributes = attributesOf(slices, nic)
  const mtu = nic?.mtu
  const arm = (name: string) => [
    `  ${name}: ${FILL_IN}: placeholders that no hardware meets`,
    `    bandwidth: { value: 1 GB/s, bounds: { lower: 0 %, upper: 0 % } }`,
    `    latency: { value: 1 s, bounds: { lower: 0 %, upper: 0 % } }`,
  ]
  return [
    `# From ${place}: ${nodes.length} nodes of this kind, ${nodes.join(', ')}.`,
    `# Values that drivers do not publish are marked "${FILL_IN.slice(2)}". Take the reference figures from a measurement on a`,
    '# node that is known to be good, or from the specification of the vendor.',
    'schema: claimcheck.sku/1',
    `name: discovered-${gpus.length}gpu-${nics.length}nic`,
    `description: ${quote(`${gpus.length} x ${text(gpuAttributes, 'productName') ?? 'GPU'} and ${nics.length} RDMA NICs, as published by ${nodes[0] ?? ''}`)}`,
    `gpu:`,
    `  productName: ${known(text(gpuAttributes, 'productName'), 'unknown')}`,
    `  architecture: ${known(text(gpuAttributes, 'architecture'), 'unknown')}`,
    `  memory: ${known(capacityOf(slices, gpu, 'memory'), 'unknown')}`,
    `nic:`,
    `  vendor: ${known(text(nicAttributes, 'pciVendor'), 'unknown')}`,
    `  model: ${known(text(nicAttributes, 'pciDevice'), 'unknown')}`,
    `  mtu: ${mtu ?? `1500 ${FILL_IN}: not published`}`,
    `  rdma: true`,
    '',
    'gpus:',
    ...gpus.map(
      ({ name, pciAddress, numaNodes }) =>
        `  - { name: ${quote(name)}, pciBusID: ${quote(pciAddress ?? '0000:00:00.0')}, numaNode: ${numaNodes?.[0] ?? 0} }${remark({ 'PCI address': pciAddress, 'NUMA node': numaNodes })}`,
    ),
    '',
    '# charDevice: N of /dev/infiniband/uverbsN on the node, see /sys/class/infiniband_verbs/uverbsN/ibdev.',
    'nics:',
    ...nics.map(
      ({ name, rdmaDevice, ifName, pciAddress, numaNodes }, index) =>
        `  - { name: ${quote(rdmaDevice ?? ifName ?? name)}, pciAddress: ${quote(pciAddress ?? '0000:00:00.0')}${ifName === undefined ? '' : `, ifName: ${quote(ifName)}`}, numaNode: ${numaNodes?.[0] ?? 0}, charDevice: ${index} }${remark({ 'PCI address': pciAddress, 'NUMA node': numaNodes, 'RDMA device': rdmaDevice })}`,
    ),
    '',
    'reference:',
    `  source: "${FILL_IN.slice(2)}: where the figures come from"`,
    ...arm('aligned'),
    ...arm('unaligned'),
    `  stability: { p99OverP50: 1 } ${FILL_IN}`,
    '',
  ].join('\n')
}

const quote = (value: string): string => JSON.stringify(value)

const known = (value: string | undefined, fallback: string): string =>
  value === undefined ? `${fallback} ${FILL_IN}: not published` : quote(value)

function remark(parts: Readonly<Record<string, unknown>>): string {
  const unpublished = Object.keys(parts).filter((name) => parts[name] === undefined)
  return unpublished.length === 0 ? '' : ` ${FILL_IN}: ${unpublished.join(', ')} not published`
}

type Attributes = ReadonlyMap<string, AttributeValue>

function deviceOf(slices: readonly ResourceSlice[], of: PublishedGpu | PublishedNic | undefined) {
  const slice = slices.find(({ spec }) => spec.driver === of?.driver && spec.pool.name === of.pool)
  return slice?.spec.devices?.find(({ name }) => name === of?.name)
}

function attributesOf(
  slices: readonly ResourceSlice[],
  of: PublishedGpu | PublishedNic | undefined,
): Attributes {
  const attributes = Object.entries(deviceOf(slices, of)?.attributes ?? {})
  return new Map(attributes.map(([name, value]) => [qualify(name, of?.driver ?? '')[1], value]))
}

const capacityOf = (slices: readonly ResourceSlice[], of: PublishedGpu | undefined, name: string) =>
  deviceOf(slices, of)?.capacity?.[name]?.value

function text(attributes: Attributes, name: string): string | undefined {
  const value = attributes.get(name)
  return value !== undefined && 'string' in value ? value.string : undefined
}
