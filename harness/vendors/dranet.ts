/**
 * NICs as DRANET, the DRA driver `dra.net`, publishes them (pkg/apis/attributes.go, pkg/inventory/db.go). Up to 1.4.0 a
 * RoCE NIC has no `rdmaDevice`, and no NIC has the standard `numaNode`.
 */
import { boolOf, intsOf, STANDARD_DOMAIN, stringOf } from '../dra/device-attributes.ts'
import type { NicDriver } from './nic-driver.ts'

const DRIVER = 'dra.net'

export const dranet: NicDriver = {
  driver: DRIVER,
  title: 'DRANET',
  deviceClasses: ['dranet.net', 'dra.net', 'dranet', 'mrdma.google.com', 'efa.networking.k8s.aws'],
  rdmaCondition: `device.attributes["${DRIVER}"]["rdma"] == true`,
  pciAddressAttribute: { domain: DRIVER, name: 'pciAddress' },
  numaNodeDomains: [DRIVER, STANDARD_DOMAIN],
  traits: {
    vendor: { domain: DRIVER, name: 'pciVendor' },
    model: { domain: DRIVER, name: 'pciDevice' },
    ifName: { domain: DRIVER, name: 'ifName' },
    mtu: { domain: DRIVER, name: 'mtu' },
    encapsulation: { domain: DRIVER, name: 'encapsulation' },
    state: { domain: DRIVER, name: 'state' },
    virtualFunction: { domain: DRIVER, name: 'isSriovVf' },
    virtualFunctions: { domain: DRIVER, name: 'sriovVfs' },
  },
  read: (attributes, name) => ({
    pciAddress: stringOf(attributes.own('pciAddress')) ?? pciAddressOf(name),
    rdma: boolOf(attributes.own('rdma')),
    ifName: stringOf(attributes.own('ifName')),
    rdmaDevice: stringOf(attributes.own('rdmaDevice')),
    mtu: intsOf(attributes.own('mtu'))?.[0],
  }),
}

/** The name that DRANET gives a device on PCI: `pci-0101-00-00-0`. */
export const dranetDeviceName = ({ pciAddress }: { readonly pciAddress: string }): string =>
  `pci-${pciAddress.replaceAll(/[:.]/g, '-')}`

/** `pci-0101-00-00-0` stands for `0101:00:00.0`. */
function pciAddressOf(name: string): string | undefined {
  const [, domain, bus, slot, fn] =
    /^pci-([0-9a-f]{4,8})-([0-9a-f]{2})-([0-9a-f]{2})-([0-7])$/.exec(name) ?? []
  return domain === undefined ? undefined : `${domain}:${bus}:${slot}.${fn}`
}
