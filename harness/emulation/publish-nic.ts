/**
 * A NIC as DRANET publishes it: `dra.net/...` attributes of the interface, the PCI function and RDMA, and the standard
 * attributes. Faults are applied by the caller.
 */
import type { AttributeValue, Device } from '../dra/objects.ts'
import { STANDARD_DOMAIN } from '../dra/device-attributes.ts'
import { dranet, dranetDeviceName } from '../vendors/dranet.ts'
import type { Sku, SkuNic } from '../sku/sku.ts'
import { pcieRootOf } from './pcie-path.ts'
import type { RailAddress } from './rail-addresses.ts'

const DOMAIN = dranet.driver

/** Properties of a NIC that its driver may publish incorrectly, or that may differ from the SKU. */
export interface PublishedNicFacts {
  /** The NIC whose name and interface are published. */
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
    name: dranetDeviceName(nic),
    attributes: {
      ...(ifName === undefined ? {} : netdev({ ifName, mac, mtu, type: 'device', virtual: false, address })),
      ...pci(nic, sku.nic.vendor, sku.nic.model),
      [`${DOMAIN}/numaNode`]: { int: numaNode },
      [`${DOMAIN}/rdma`]: { bool: rdma },
      ...(rdma ? { [`${DOMAIN}/rdmaDevice`]: { string: named.name } } : {}),
      [`${STANDARD_DOMAIN}/numaNode`]: { int: numaNode },
    },
  }
}

/** The bridge and the management NIC that a real node publishes besides the NICs under test, without numaNode or RDMA. */
export function otherInterfaces(nodeIndex: number): Device[] {
  const mac = (last: number) => `02:00:0a:4d:0${last}:${(nodeIndex + 1).toString(16).padStart(2, '0')}`
  const rdma: Record<string, AttributeValue> = { [`${DOMAIN}/rdma`]: { bool: false } }
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
        ...pci({ pciAddress: '0000:00:03.0' }, 'Red Hat, Inc.', 'Virtio network device'),
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
    [`${DOMAIN}/alias`]: { string: '' },
    [`${DOMAIN}/ebpf`]: { bool: false },
    [`${DOMAIN}/encapsulation`]: { string: 'ether' },
    [`${DOMAIN}/ifName`]: { string: ifName },
    ...(address === undefined ? {} : { [`${DOMAIN}/ipv4`]: { string: address } }),
    [`${DOMAIN}/mac`]: { string: mac },
    [`${DOMAIN}/mtu`]: { int: mtu },
    [`${DOMAIN}/sriov`]: { bool: false },
    [`${DOMAIN}/state`]: { string: type === 'bridge' ? 'unknown' : 'up' },
    [`${DOMAIN}/type`]: { string: type },
    [`${DOMAIN}/virtual`]: { bool: virtual },
  }
}

function pci(
  device: Pick<SkuNic, 'pciAddress' | 'pciePath'>,
  vendor: string,
  model: string,
): Record<string, AttributeValue> {
  return {
    [`${DOMAIN}/pciAddress`]: { string: device.pciAddress },
    [`${DOMAIN}/pciDevice`]: { string: model },
    [`${DOMAIN}/pciSubsystem`]: { string: '0000' },
    [`${DOMAIN}/pciVendor`]: { string: vendor },
    [`${STANDARD_DOMAIN}/pcieRoot`]: { string: pcieRootOf(device.pciAddress, device) },
  }
}
