/**
 * NICs as the SR-IOV DRA driver of NVIDIA's Network Operator 26.10 publishes them: virtual functions, with the driver's
 * own attributes beside the standard ones and DRANET's `numaNode`.
 */
import { boolOf, STANDARD_DOMAIN, stringOf } from '../dra/device-attributes.ts'
import type { NicDriver } from './nic-driver.ts'

const DRIVER = 'sriovnetwork.k8snetworkplumbingwg.io'

export const sriovNetworkOperator: NicDriver = {
  driver: DRIVER,
  title: 'the SR-IOV DRA driver',
  deviceClasses: [DRIVER],
  rdmaCondition: `device.attributes["${DRIVER}"]["rdmaCapable"] == true`,
  pciAddressAttribute: { domain: DRIVER, name: 'pciAddress' },
  numaNodeDomains: ['dra.net', DRIVER, STANDARD_DOMAIN],
  // It publishes virtual functions only.
  traits: { encapsulation: { domain: DRIVER, name: 'linkType' } },
  read: (attributes) => ({
    pciAddress: stringOf(attributes.own('pciAddress')) ?? stringOf(attributes.standard('pciBusID')),
    rdma: boolOf(attributes.own('rdmaCapable')),
    // `PFName` is the interface of the physical function, not the one that a pod gets.
    ifName: undefined,
    rdmaDevice: undefined,
    mtu: undefined,
  }),
}
