/**
 * NICs as DRANET publishes them: `dra.net/...` of the interface, of the PCI function and of RDMA, and the standard
 * attributes. Takes a NIC of the SKU with its addresses; gives a Device. Never looks at faults.
 */
import type { AttributeValue, Device } from '../dra/objects.ts'
import { STANDARD_DOMAIN } from '../claim/published-device.ts'
import type { Sku, SkuNic } from '../sku/sku.ts'
import type { RailAddress } from './rail-addresses.ts'

/** What of a NIC its driver may get wrong, or finds other than the SKU says. */
export interface PublishedNicFacts {
  /** Whose name and interface it goes by. */
  readonly named: SkuNic
  readonly numaNode: number
  readonly rdma: boolean
  readonly mtu: number
}

export function nicDevice(
  sku: Sku,
  nic: SkuNic,
  { named, numaNode, rdma, mtu }: PublishedNicFacts,
  { address, mac }: RailAddress,
): Device {
  const { ifName } = named
  return {
    name: pciDeviceName(nic),
    attributes: {
      ...(ifName === undefined ? {} : netdev({ ifName, mac, mtu, type: 'device', virtual: false, address })),
      ...pci(nic.pciAddress, sku.nic.vendor, sku.nic.model),
      'dra.net/numaNode': { int: numaNode },
      'dra.net/rdma': { bool: rdma },
      ...(rdma ? { 'dra.net/rdmaDevice': { string: named.name } } : {}),
      [`${STANDARD_DOMAIN}/numaNode`]: { int: numaNode },
    },
  }
}

/** The bridge and the management NIC that a real node publishes beside the NICs under test: no numaNode, no RDMA. */
export function otherInterfaces(nodeIndex: number): Device[] {
  const mac = (last: number) => `02:00:0a:4d:0${last}:${(nodeIndex + 1).toString(16).padStart(2, '0')}`
  const rdma: Record<string, AttributeValue> = { 'dra.net/rdma': { bool: false } }
  const mtu = 1500
  return [
    {
      name: 'cni0',
      attributes: {
        ...netdev({ ifName: 'cni0', mac: mac(0), mtu, type: 'bridge', virtual: true }),
        ...rdma,
      },
    },
    {
      name: 'pci-0000-00-03-0',
      attributes: {
        ...netdev({
          ifName: 'mgmt0',
          mac: mac(1),
          mtu,
          type: 'device',
          virtual: false,
          address: `10.77.0.${nodeIndex + 11}/24`,
        }),
        ...pci('0000:00:03.0', 'Red Hat, Inc.', 'Virtio network device'),
        ...rdma,
      },
    },
  ]
}

interface Netdev {
  readonly ifName: string
  readonly mac: string
  readonly mtu: number
  readonly type: 'device' | 'bridge'
  readonly virtual: boolean
  readonly address?: string
}

function netdev({ ifName, mac, mtu, type, virtual, address }: Netdev): Record<string, AttributeValue> {
  return {
    'dra.net/alias': { string: '' },
    'dra.net/ebpf': { bool: false },
    'dra.net/encapsulation': { string: 'ether' },
    'dra.net/ifName': { string: ifName },
    ...(address === undefined ? {} : { 'dra.net/ipv4': { string: address } }),
    'dra.net/mac': { string: mac },
    'dra.net/mtu': { int: mtu },
    'dra.net/sriov': { bool: false },
    'dra.net/state': { string: type === 'bridge' ? 'unknown' : 'up' },
    'dra.net/type': { string: type },
    'dra.net/virtual': { bool: virtual },
  }
}

function pci(address: string, vendor: string, model: string): Record<string, AttributeValue> {
  return {
    'dra.net/pciAddress': { string: address },
    'dra.net/pciDevice': { string: model },
    'dra.net/pciSubsystem': { string: '0000' },
    'dra.net/pciVendor': { string: vendor },
    [`${STANDARD_DOMAIN}/pcieRoot`]: { string: rootOf(address) },
  }
}

/** A PCI function's root complex: `pci0101:00` of `0101:00:00.0`. */
export const rootOf = (pciAddress: string): string => `pci${pciAddress.slice(0, 7)}`

/** How DRANET names a device on PCI: `pci-0101-00-00-0`. */
export const pciDeviceName = ({ pciAddress }: Pick<SkuNic, 'pciAddress'>): string =>
  `pci-${pciAddress.replaceAll(/[:.]/g, '-')}`
