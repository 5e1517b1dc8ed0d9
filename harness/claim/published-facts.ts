/** Holds what drivers publish about the devices of a node against what the kernel of the node says, device by device. */
import type { ResourceSlice } from '../dra/objects.ts'
import { devicesOf, type PublishedDevice, type PublishedNic } from './published-device.ts'

/** A PCI function as the kernel states it; null or undefined: the kernel does not state it. */
interface KernelFunction {
  readonly pci_address: string
  readonly numa_node?: number | null | undefined
  readonly host_bridge?: string | null | undefined
}

interface KernelNic extends KernelFunction {
  /** Those that are visible to the pod that asked. */
  readonly interfaces: readonly string[]
  readonly rdma_devices: readonly string[]
}

export interface KernelTopology {
  readonly gpus: readonly KernelFunction[]
  readonly nics: readonly KernelNic[]
  readonly interfaces: readonly { readonly name: string; readonly mtu?: number | null | undefined }[]
}

export interface PublishedFacts {
  /** How many devices were compared. */
  readonly devices: number
  readonly mismatches: readonly FactMismatch[]
}

interface FactMismatch {
  /** As published. */
  readonly device: string
  readonly fact: string
  readonly kernel: string
  readonly published: string
}

/**
 * Whole GPUs and NICs of `node` that have a PCI address. What either side does not state is not compared, except the NUMA
 * node of an RDMA NIC whose driver publishes that of others.
 */
export function comparePublishedFacts(
  node: string,
  slices: readonly ResourceSlice[],
  kernel: KernelTopology,
): PublishedFacts {
  const devices = devicesOf(slices).filter(
    (device) => device.node === node && device.pciAddress !== undefined,
  )
  const compared = devices.flatMap((device) => {
    const all: readonly KernelFunction[] = device.kind === 'gpu' ? kernel.gpus : kernel.nics
    const known = all.find(({ pci_address: address }) => address === device.pciAddress)
    // Only GPUs and RDMA NICs must be there: drivers publish other network functions, too, such as those of a hypervisor.
    if (known === undefined && device.kind === 'nic' && !device.rdma) return []
    return { device, mismatches: compare(device, known, { kernel, beside: devices }) }
  })
  return { devices: compared.length, mismatches: compared.flatMap(({ mismatches }) => mismatches) }
}

function compare(
  device: PublishedDevice,
  known: KernelFunction | undefined,
  { kernel, beside }: { readonly kernel: KernelTopology; readonly beside: readonly PublishedDevice[] },
): FactMismatch[] {
  const at = `${device.name} (${device.pciAddress ?? ''})`
  const differs = (fact: string, says: string | number, published: string | number): FactMismatch => ({
    device: at,
    fact,
    kernel: String(says),
    published: String(published),
  })
  if (known === undefined) return [differs('PCI function', 'none at this address', device.kind)]
  const { numa_node: numaNode, host_bridge: root } = known
  const own = device.numaNodes?.[0]
  const nic =
    device.kind === 'nic' ? kernel.nics.find((one) => one.pci_address === device.pciAddress) : undefined
  return [
    ...(isStated(numaNode) && own !== numaNode && (own !== undefined || publishesNodes(device, beside))
      ? [differs('NUMA node', numaNode, own ?? 'none')]
      : []),
    ...(isStated(root) && device.pcieRoot !== undefined && device.pcieRoot !== root
      ? [differs('PCIe root', root, device.pcieRoot)]
      : []),
    ...(device.kind === 'nic' && nic !== undefined ? compareNic(device, nic, kernel, differs) : []),
  ]
}

function compareNic(
  device: PublishedNic,
  nic: KernelNic,
  { nics, interfaces }: KernelTopology,
  differs: (fact: string, says: string | number, published: string | number) => FactMismatch,
): FactMismatch[] {
  const rdma = nic.rdma_devices.length > 0
  // In the exclusive RDMA namespace mode a pod sees no RDMA device that it did not claim.
  const seesRdma = nics.some(({ rdma_devices: own }) => own.length > 0)
  const mtus = interfaces.filter(({ name }) => nic.interfaces.includes(name)).flatMap(({ mtu }) => mtu ?? [])
  return [
    ...(rdma !== device.rdma && (rdma || seesRdma)
      ? [differs('RDMA', rdma ? nic.rdma_devices.join(', ') : 'no RDMA device', `rdma: ${device.rdma}`)]
      : []),
    ...(rdma && device.rdmaDevice !== undefined && !nic.rdma_devices.includes(device.rdmaDevice)
      ? [differs('RDMA device', nic.rdma_devices.join(', '), device.rdmaDevice)]
      : []),
    ...(nic.interfaces.length > 0 && device.ifName !== undefined && !nic.interfaces.includes(device.ifName)
      ? [differs('interface', nic.interfaces.join(', '), device.ifName)]
      : []),
    ...(mtus.length > 0 && device.mtu !== undefined && !mtus.includes(device.mtu)
      ? [differs('MTU', mtus.join(', '), device.mtu)]
      : []),
  ]
}

/** Whether the driver publishes the NUMA nodes of other RDMA NICs, so that a NIC without one has lost it. */
const publishesNodes = (device: PublishedDevice, beside: readonly PublishedDevice[]): boolean =>
  device.kind === 'nic' &&
  device.rdma &&
  beside.some(
    ({ kind, driver, numaNodes }) => kind === 'nic' && driver === device.driver && numaNodes !== undefined,
  )

const isStated = <T>(value: T | null | undefined): value is T => value !== null && value !== undefined
