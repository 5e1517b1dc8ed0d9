/**
 * How fast a NIC of the rack is for a GPU of its node. Takes the rack on paper; gives payload rates in the units of the
 * hardware. One model for both runtimes: the process runtime shapes traffic by it, the model runtime computes with it.
 */
import { gigabytesPerSecond, type GBps } from '../core/units.ts'
import type { SkuGpu, SkuNic } from '../sku/sku.ts'
import type { Fault, FaultKind } from './fault.ts'
import type { Rack } from './rack.ts'

/** The rate of `nic` on `node` for `gpu`, faults included, without jitter. `gpu` undefined: host memory next to the NIC. */
export function nicRate(rack: Rack, node: string, nic: SkuNic, gpu: SkuGpu | undefined): GBps {
  const crosses = gpu !== undefined && gpu.numaNode !== nic.numaNode
  const factor = crosses ? rack.links.socketInterconnect.factor : 1
  const slow = faultsOn(rack, 'nic-slow', node, nic.name)[0]?.fraction ?? 1
  return gigabytesPerSecond(rack.links.nic.rate * factor * slow)
}

/** The faults of a kind on a node, and on one of its NICs where the kind names one. */
export function faultsOn<Kind extends FaultKind>(
  rack: Rack,
  kind: Kind,
  node: string,
  nic?: string,
): Extract<Fault, { kind: Kind }>[] {
  return rack.faults.filter(
    (fault): fault is Extract<Fault, { kind: Kind }> =>
      fault.kind === kind &&
      fault.node === node &&
      (!('nic' in fault) || nic === undefined || fault.nic === nic),
  )
}
