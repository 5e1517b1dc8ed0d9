/**
 * The rate of a NIC of the rack for a GPU of its node, as a payload rate of the hardware. The process runtime shapes traffic
 * with it, the model runtime computes with it.
 */
import { gigabytesPerSecond, type GBps } from '../core/units.ts'
import { numaHops } from '../sku/numa-hops.ts'
import type { Sku, SkuGpu, SkuNic } from '../sku/sku.ts'
import { faultOnNode, faultsOnNode } from './node-faults.ts'
import type { Rack } from './rack.ts'

/** The rate of `nic` on `node` for `gpu`, without jitter and change over time. `gpu` undefined: host memory next to the NIC. */
export function nicRate(
  rack: Rack,
  node: string,
  nic: SkuNic,
  gpu: (Pick<SkuGpu, 'numaNode'> & Partial<Pick<SkuGpu, 'name'>>) | undefined,
): GBps {
  const crosses = gpu !== undefined && numaHops(gpu.numaNode, trueNumaNode(rack, node, nic), rack.sku) === 2
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

/** The NUMA node that the NIC is attached to, with the rack's faults. SKU and published attributes may differ. */
const trueNumaNode = (rack: Rack, node: string, nic: SkuNic): number =>
  faultOnNode(rack, 'numa-moved', node, nic.name)?.numaNode ?? nic.numaNode

/** The largest MTU of InfiniBand, for NICs of which the profile states none. */
const UNSTATED_MTU = 4096

/** What the profile says. */
export const statedMtu = ({ nic: kind }: Sku, nic: SkuNic): number => nic.mtu ?? kind.mtu ?? UNSTATED_MTU

export const trueMtu = (rack: Rack, node: string, nic: SkuNic): number =>
  faultOnNode(rack, 'mtu', node, nic.name)?.mtu ?? statedMtu(rack.sku, nic)

/** The SKU with the NUMA nodes of this node, with the rack's faults: what a pod reads from its own hardware. */
export const skuAsBuilt = (rack: Rack, node: string): Sku => ({
  ...rack.sku,
  nics: rack.sku.nics.map((nic) => ({ ...nic, numaNode: trueNumaNode(rack, node, nic) })),
})

/** Bytes of IP and TCP headers, with time stamps, in a frame. */
const HEADERS = 52
const ETHERNET = 14

/** The payload's share of a frame at this MTU. */
export const payloadShare = (mtu: number): number => (mtu - HEADERS) / (mtu + ETHERNET)
