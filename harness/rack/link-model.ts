/**
 * How fast a NIC of the rack is for a GPU of its node. Takes the rack on paper; gives payload rates in the units of the
 * hardware. One model for both runtimes: the process runtime shapes traffic by it, the model runtime computes with it.
 */
import { gigabytesPerSecond, type GBps } from '../core/units.ts'
import type { Sku, SkuGpu, SkuNic } from '../sku/sku.ts'
import { faultOnNode, faultsOnNode } from './node-faults.ts'
import type { Rack } from './rack.ts'

/** The rate of `nic` on `node` for `gpu`, without jitter and change over time. `gpu` undefined: host memory next to the NIC. */
export function nicRate(rack: Rack, node: string, nic: SkuNic, gpu: SkuGpu | undefined): GBps {
  const crosses = gpu !== undefined && gpu.numaNode !== trueNumaNode(rack, node, nic)
  const interconnect = faultOnNode(rack, 'interconnect', node)?.factor ?? rack.links.socketInterconnect.factor
  const contended = faultOnNode(rack, 'contention', node, nic.name)?.share ?? 0
  const factors = [
    crosses ? interconnect : 1,
    faultOnNode(rack, 'nic-slow', node, nic.name)?.fraction ?? 1,
    faultOnNode(rack, 'nics-slow', node)?.fraction ?? 1,
    faultsOnNode(rack, 'gpu-path-slow', node).find((fault) => fault.gpu === gpu?.name)?.fraction ?? 1,
    1 - contended,
  ]
  return gigabytesPerSecond(factors.reduce((rate, factor) => rate * factor, rack.links.nic.rate))
}

/** Where the NIC sits, whatever the SKU says and the driver publishes. */
const trueNumaNode = (rack: Rack, node: string, nic: SkuNic): number =>
  faultOnNode(rack, 'numa-moved', node, nic.name)?.numaNode ?? nic.numaNode

export const trueMtu = (rack: Rack, node: string, nic: SkuNic): number =>
  faultOnNode(rack, 'mtu', node, nic.name)?.mtu ?? rack.sku.nic.mtu

/** The SKU's map as this node really is, for what a pod reads of its own hardware. */
export const skuAsBuilt = (rack: Rack, node: string): Sku => ({
  ...rack.sku,
  nics: rack.sku.nics.map((nic) => ({ ...nic, numaNode: trueNumaNode(rack, node, nic) })),
})

/** What a frame carries over its payload beyond Ethernet: IP and TCP headers with time stamps. */
const HEADERS = 52
const ETHERNET = 14

/** The share of a frame at this MTU that is payload. */
export const payloadShare = (mtu: number): number => (mtu - HEADERS) / (mtu + ETHERNET)
