/** Computes the addresses of a rack's fabric, one rail per NIC of the SKU, so that slices and pods agree on them. */

/** The network of all rails. */
export const FABRIC = '10.64.0.0/13'
/** The third byte of an address counts them, then the second. */
const RAILS_PER_BLOCK = 256
const FIRST_BLOCK = 64

export interface RailAddress {
  readonly rail: number
  /** `10.64.3.0/24`: the rail's network. */
  readonly subnet: string
  /** `10.64.3.1/24`: the NIC's own address in it. */
  readonly address: string
  /** Between rails; the last host address of the rail's network. */
  readonly gateway: string
  readonly mac: string
}

/** `nodeIndex` and `nicIndex` count from 0, in the order of the rack and of the SKU. */
export function railAddress(nodeIndex: number, nicIndex: number): RailAddress {
  const host = nodeIndex + 1
  const [block, rail] = [FIRST_BLOCK + Math.floor(nicIndex / RAILS_PER_BLOCK), nicIndex % RAILS_PER_BLOCK]
  const network = `10.${block}.${rail}`
  return {
    rail: nicIndex,
    subnet: `${network}.0/24`,
    address: `${network}.${host}/24`,
    gateway: `${network}.254`,
    mac: `02:00:0a:${hex(block)}:${hex(rail)}:${hex(host)}`,
  }
}

const hex = (n: number): string => n.toString(16).padStart(2, '0')
