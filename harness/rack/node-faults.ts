/** Finds the faults of a kind that affect a node or one of its NICs. */
import type { FaultKind, FaultOf } from './fault.ts'
import type { Rack } from './rack.ts'

/** `nic` selects among faults that name a NIC. Faults that name no node affect every node. */
export function faultsOnNode<Kind extends FaultKind>(
  rack: Pick<Rack, 'faults'>,
  kind: Kind,
  node: string,
  nic?: string,
): FaultOf<Kind>[] {
  return rack.faults.filter(
    (fault): fault is FaultOf<Kind> =>
      fault.kind === kind &&
      (!('node' in fault) || fault.node === node) &&
      (!('nic' in fault) || nic === undefined || fault.nic === nic),
  )
}

/** The first fault that `faultsOn` returns. */
export const faultOnNode = <Kind extends FaultKind>(
  rack: Pick<Rack, 'faults'>,
  kind: Kind,
  node: string,
  nic?: string,
): FaultOf<Kind> | undefined => faultsOnNode(rack, kind, node, nic)[0]
