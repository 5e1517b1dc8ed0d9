/** Proves that the devices of an allocation, as read back, lie where its placement wants them. No figure is judged without it. */
import { ClaimcheckError } from '../core/errors.ts'
import type { Sku } from '../sku/sku.ts'
import { distanceOf, type Distance } from './pcie-distance.ts'
import { positionOf, publishedNumaNode, skuGpuOf, skuNicOf } from './sku-device.ts'
import { describePlacement, type DeviceGroup, type Placement } from './placement.ts'
import type { AllocatedClaim, AllocatedGpu, AllocatedNic } from './allocated-claim.ts'

interface PairDistance {
  /** Names as published. */
  readonly gpu: string
  readonly nic: string
  readonly distance: Distance
}

export interface VerifiedTopology {
  readonly node: string
  readonly gpus: readonly string[]
  readonly nics: readonly string[]
  readonly pairs: readonly PairDistance[]
}

interface TopologyViolation {
  readonly device: string
  readonly expectedNumaNode: number
  /** What the slice says; undefined: nothing. */
  readonly publishedNumaNodes: readonly number[] | undefined
  /** What the SKU says; undefined: the SKU has no device at that PCI address. */
  readonly skuNumaNode: number | undefined
}

/** Throws PRECONDITION_TOPOLOGY naming every device that is not where the placement wants it. */
export function verifyTopology(allocated: AllocatedClaim, placement: Placement, sku: Sku): VerifiedTopology {
  const gpus = allocated.gpus.map((gpu) => ({ device: gpu, known: skuGpuOf(gpu, sku) }))
  const nics = allocated.nics.map((nic) => ({ device: nic, known: skuNicOf(nic, sku) }))
  const violations = [
    ...gpus.flatMap((gpu) => violationOf(gpu, placement.gpus) ?? []),
    ...nics.flatMap((nic) => violationOf(nic, placement.nics) ?? []),
  ]
  const problems = [
    ...wrongCount('GPUs', gpus.length, placement.memory === 'host' ? { count: 0 } : placement.gpus),
    ...wrongCount('NICs', nics.length, placement.nics),
    ...nics.filter(({ device }) => !device.rdma).map(({ device }) => `${device.name} has no RDMA`),
    ...violations.map(describe),
  ]
  if (problems.length > 0) throw precondition(allocated, placement, problems, violations)
  return {
    node: allocated.node,
    gpus: gpus.map(({ device }) => device.name),
    nics: nics.map(({ device }) => device.name),
    pairs: distancesOf(allocated, sku),
  }
}

/** Throws PRECONDITION_TOPOLOGY unless the claim has every GPU of the SKU and nothing else. */
export function verifyGpus({ name, node, gpus, nics }: AllocatedClaim, sku: Sku): void {
  const missing = sku.gpus.filter(({ pciBusID }) => !gpus.some(({ pciAddress }) => pciAddress === pciBusID))
  if (missing.length === 0 && gpus.length === sku.gpus.length && nics.length === 0) return
  throw new ClaimcheckError('PRECONDITION_TOPOLOGY', {
    subject: `ResourceClaim ${name} on ${node}`,
    problem: 'does not have the GPUs of its SKU',
    expected: sku.gpus.map((gpu) => `${gpu.name} (${gpu.pciBusID})`).join(', '),
    found: [...gpus, ...nics]
      .map((device) => `${device.name} (${device.pciAddress ?? 'no PCI address'})`)
      .join(', '),
  })
}

/** The distance of every pair, by the SKU's map. A device that the SKU does not have has no distance. */
function distancesOf({ gpus, nics }: AllocatedClaim, sku: Sku): PairDistance[] {
  return gpus.flatMap((gpu) =>
    nics.flatMap((nic) => {
      const [from, to] = [skuGpuOf(gpu, sku), skuNicOf(nic, sku)]
      if (from === undefined || to === undefined) return []
      return {
        gpu: gpu.name,
        nic: nic.name,
        distance: distanceOf(positionOf(from, gpu), positionOf(to, nic)),
      }
    }),
  )
}

interface Matched<Device> {
  readonly device: Device
  readonly known: { readonly numaNode: number; readonly memoryNumaNode?: number } | undefined
}

function violationOf(
  { device, known }: Matched<AllocatedGpu | AllocatedNic>,
  { numaNode }: DeviceGroup,
): TopologyViolation | undefined {
  const published = device.numaNodes
  // What publishes no NUMA node was selected by its PCI address.
  const own = publishedNumaNode(published, known?.memoryNumaNode)
  const publishedRight = own === undefined || own === numaNode
  if (publishedRight && known?.numaNode === numaNode) return undefined
  return {
    device: device.name,
    expectedNumaNode: numaNode,
    publishedNumaNodes: published,
    skuNumaNode: known?.numaNode,
  }
}

const wrongCount = (what: string, found: number, { count }: Pick<DeviceGroup, 'count'>): string[] =>
  found === count ? [] : [`${what}: ${found} where ${count} are asked for`]

function describe(violation: TopologyViolation): string {
  const published = violation.publishedNumaNodes?.join(' and ') ?? 'nothing'
  const sku =
    violation.skuNumaNode === undefined
      ? 'the SKU has no such device'
      : `the SKU says NUMA node ${violation.skuNumaNode}`
  return `${violation.device} should be on NUMA node ${violation.expectedNumaNode}, its slice says ${published}, ${sku}`
}

function precondition(
  { name, node }: AllocatedClaim,
  placement: Placement,
  problems: readonly string[],
  violations: readonly TopologyViolation[],
): ClaimcheckError {
  return new ClaimcheckError('PRECONDITION_TOPOLOGY', {
    subject: `ResourceClaim ${name} on ${node}`,
    problem: `does not have ${describePlacement(placement)}: ${problems.join('; ')}`,
    hint: 'Compare ResourceSlices, SKU and the node itself (nvidia-smi topo -m, /sys/bus/pci/devices/*/numa_node).',
    details: { node, devices: violations },
  })
}
