/**
 * EFA and RoCE devices as AWS's own DRA driver, `dra.networking.k8s.aws`, publishes them. Its attributes are in the domain
 * `dra.vpc.amazonaws.com`; the kind of a device is its `deviceType`, and both kinds have RDMA.
 */
import { intsOf, STANDARD_DOMAIN, stringOf } from '../dra/device-attributes.ts'
import type { NicDriver } from './nic-driver.ts'

const DRIVER = 'dra.networking.k8s.aws'
const DOMAIN = 'dra.vpc.amazonaws.com'
const RDMA_TYPES = ['efa', 'efa-only', 'roce']

export const aws: NicDriver = {
  driver: DRIVER,
  title: "AWS's DRA driver for network devices",
  deviceClasses: ['roce.networking.k8s.aws', 'efa.networking.k8s.aws'],
  rdmaCondition: `device.attributes["${DOMAIN}"]["deviceType"] in [${RDMA_TYPES.map((type) => `"${type}"`).join(',')}]`,
  pciAddressAttribute: { domain: STANDARD_DOMAIN, name: 'pciBusID' },
  numaNodeDomains: [STANDARD_DOMAIN, DOMAIN],
  traits: {
    model: { domain: DOMAIN, name: 'deviceType' },
    ifName: { domain: DOMAIN, name: 'ifName' },
    mtu: { domain: DOMAIN, name: 'mtu' },
  },
  read: (attributes) => ({
    pciAddress: stringOf(attributes.standard('pciBusID')),
    rdma: RDMA_TYPES.includes(stringOf(attributes.get(DOMAIN, 'deviceType')) ?? ''),
    ifName: stringOf(attributes.get(DOMAIN, 'ifName')),
    rdmaDevice: stringOf(attributes.get(DOMAIN, 'rdmaDevice')),
    mtu: intsOf(attributes.get(DOMAIN, 'mtu'))?.[0],
  }),
}
