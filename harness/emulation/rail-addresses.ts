/** Computes the addresses of a rack's fabric, one rail per NIC of the SKU, so that slices and pods agree on them. */

/** The network of all rails. */
export const FABRIC = '10.64.0.0/16'

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
  return {
    rail: nicIndex,
    subnet: `10.64.${nicIndex}.0/24`,
    address: `10.64.${nicIndex}.${host}/24`,
    gateway: `10.64.${nicIndex}.254`,
    mac: `02:00:0a:40:${hex(nicIndex)}:${hex(host)}`,
  }
}

const hex = (n: number): string => n.toString(16).padStart(2, '0')
