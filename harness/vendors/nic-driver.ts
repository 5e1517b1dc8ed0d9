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
  /** `name`: the device's name in its pool. */
  read(attributes: DeviceAttributes, name: string): PublishedNicFacts
}
