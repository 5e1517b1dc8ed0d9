/** Judges whether a pod's containers see exactly the claimed GPUs, with the links that the SKU states. */
import { vendorOf } from '../sku/sku-vendor.ts'
import { linksOfGpu, type Sku } from '../sku/sku.ts'
import type { Expectation } from './expectation.ts'
import type { ClaimedPods, ContainerObservation } from '../transfer/pod-set.ts'
import type { VisibleDevices } from '../transfer/visible-devices.ts'

export const statement = 'every container sees the claimed GPUs with their links, and no other GPU'

export async function judgeGpus(pods: ClaimedPods): Promise<Expectation> {
  const seen = await pods.look()
  const missing = seen.flatMap((one) => missingIn(one, pods.sku))
  const foreign = seen.flatMap((one) => foreignIn(one, pods.sku))
  const links = seen.flatMap((one) => linkFaults(one, pods.sku))
  const reasons = [...missing, ...foreign, ...links]
  const code =
    missing.length > 0 ? 'DEVICE_MISSING' : foreign.length > 0 ? 'DEVICE_LEAK' : 'TOPOLOGY_MISMATCH'
  const gpus = seen.reduce((sum, { visible }) => sum + visibleIn(visible, pods.sku).length, 0)
  return {
    statement,
    verdict: reasons.length === 0 ? 'passed' : 'failed',
    ...(reasons.length === 0 ? {} : { code }),
    reasons,
    measured: `${gpus} GPUs in ${seen.length} containers, ${reasons.length} deviations`,
    limit: '0',
    properties: { containers: seen.length, gpus, deviations: reasons.length },
    emulated: pods.emulated,
  }
}

const where = ({ node, container }: ContainerObservation): string => `container ${container} on ${node}`

/** By the GPU libraries, or by the kernel's render nodes where the binary has no library of the vendor. */
function visibleIn(
  { gpus = [], render_nodes: nodes = [] }: VisibleDevices,
  sku: Sku,
): readonly { readonly pci_address: string; readonly open_error?: string | null }[] {
  const { memory, pciVendorId } = vendorOf(sku)
  return memory === undefined ? nodes.filter(({ vendor }) => vendor === pciVendorId) : gpus
}

function missingIn(one: ContainerObservation, sku: Sku): string[] {
  const visible = visibleIn(one.visible, sku)
  const why = vendorOf(sku).memory === undefined ? undefined : one.visible.gpu_error
  return one.allocated.gpus.flatMap(({ name, pciAddress }) => {
    const found = visible.find(({ pci_address }) => pci_address === pciAddress)
    if (found === undefined)
      return `${where(one)} does not see ${name} (${pciAddress}), which is claimed${why == null ? '' : `: ${why}`}`
    return found.open_error == null
      ? []
      : `${where(one)} cannot open ${name} (${pciAddress}), which is claimed: ${found.open_error}`
  })
}

const foreignIn = (one: ContainerObservation, sku: Sku): string[] =>
  visibleIn(one.visible, sku)
    .filter(({ pci_address }) => !one.allocated.gpus.some(({ pciAddress }) => pciAddress === pci_address))
    .map(({ pci_address }) => `${where(one)} sees the GPU at ${pci_address}, which is not claimed`)

type VisibleGpu = NonNullable<VisibleDevices['gpus']>[number]

/** Checked only where the SKU states links. */
function linkFaults(one: ContainerObservation, sku: Sku): string[] {
  const { gpus = [] } = one.visible
  return [
    ...gpus.flatMap((gpu) => countFault(gpu, sku)),
    ...pairFaults(gpus, sku),
    ...unreachable(gpus, sku),
  ].map((fault) => `${where(one)}: ${fault}`)
}

/** A GPU's number is that of its links to all peers and switches. */
function countFault({ pci_address: address, nvlinks }: VisibleGpu, sku: Sku): string[] {
  const own = sku.gpus.find(({ pciBusID }) => pciBusID === address)
  const stated = own === undefined ? sku.gpu.links : linksOfGpu(sku, own.name)
  if (stated === undefined || nvlinks === stated) return []
  return [
    `the GPU at ${address} has ${nvlinks ?? 'an unknown number of'} active NVLinks; the SKU states ${stated}`,
  ]
}

interface Pair {
  readonly one: VisibleGpu
  readonly other: VisibleGpu
  readonly stated: number
}

/** Of the pairs that the SKU states, those whose GPUs the container sees. */
function pairsIn(gpus: readonly VisibleGpu[], { gpu: { linkPairs = [] }, gpus: known }: Sku): Pair[] {
  const seen = (name: string): VisibleGpu | undefined => {
    const address = known.find((own) => own.name === name)?.pciBusID
    return gpus.find(({ pci_address }) => pci_address === address)
  }
  return linkPairs.flatMap(({ between, links }): Pair[] => {
    const [one, other] = [seen(between[0]), seen(between[1])]
    return one === undefined || other === undefined ? [] : [{ one, other, stated: links }]
  })
}

/** Where the driver names the far end of each link. */
const pairFaults = (gpus: readonly VisibleGpu[], sku: Sku): string[] =>
  pairsIn(gpus, sku).flatMap(({ one, other, stated }) => {
    const { nvlink_peers: ends } = one
    if (ends == null) return []
    const active = ends.find(({ pci_address }) => pci_address === other.pci_address)?.links ?? 0
    return active === stated
      ? []
      : [
          `the GPUs at ${one.pci_address} and ${other.pci_address} have ${active} active NVLinks between them; the SKU states ${stated}`,
        ]
  })

/** Linked GPUs must reach each other's memory: those of a pair, or all where a switch connects them. */
function unreachable(gpus: readonly VisibleGpu[], sku: Sku): string[] {
  const { links = 0, linkPairs } = sku.gpu
  const through = links === 0 ? [] : gpus.flatMap((one) => gpus.map((other) => ({ one, other })))
  const linked = linkPairs === undefined ? through : pairsIn(gpus, sku).flatMap(bothWays)
  return linked
    .filter(({ one, other }) => one !== other && !one.peers.includes(other.pci_address))
    .map(({ one, other }) => `the GPU at ${one.pci_address} cannot reach the memory of ${other.pci_address}`)
}

const bothWays = ({ one, other }: Pair): Pick<Pair, 'one' | 'other'>[] => [
  { one, other },
  { one: other, other: one },
]
