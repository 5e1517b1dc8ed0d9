/** What claimcheck needs to know of a DRA driver that publishes NICs. */
import type { DeviceAttributes } from '../dra/device-attributes.ts'
import type { AttributeName } from './gpu-vendor.ts'

/** What a driver publishes of a NIC; undefined: nothing. */
export interface PublishedNicFacts {
  readonly pciAddress: string | undefined
  readonly rdma: boolean
  readonly ifName: string | undefined
  readonly rdmaDevice: string | undefined
  /** Of its interface, bytes. */
  readonly mtu: number | undefined
}

/** Attributes by which the NICs of one node are told apart. Absent: the driver publishes no such attribute. */
interface NicTraits {
  readonly vendor?: AttributeName
  readonly model?: AttributeName
  readonly ifName?: AttributeName
  /** Of the interface, bytes. */
  readonly mtu?: AttributeName
  /** Of the interface: `infiniband` for IP over InfiniBand. */
  readonly encapsulation?: AttributeName
  /** Of the interface: `up`, `down`. */
  readonly state?: AttributeName
  /** True for a virtual function. */
  readonly virtualFunction?: AttributeName
  /** The number of virtual functions that a physical function has. */
  readonly virtualFunctions?: AttributeName
}

export interface NicDriver {
  /** The DRA driver, and the domain of its attributes. */
  readonly driver: string
  readonly title: string
  /** Names of its DeviceClass in known installations, the most usual first. */
  readonly deviceClasses: readonly string[]
  /** CEL, true for a NIC with RDMA; every NIC of the driver publishes what it reads. */
  readonly rdmaCondition: string
  readonly pciAddressAttribute: AttributeName
  /** Domains in which it publishes `numaNode`, the preferred first. */
  readonly numaNodeDomains: readonly string[]
  readonly traits: NicTraits
  /** `name`: the device's name in its pool. */
  read(attributes: DeviceAttributes, name: string): PublishedNicFacts
}
