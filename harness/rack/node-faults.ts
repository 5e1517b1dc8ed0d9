/** Which faults of a kind sit on a node, and on one of its NICs. Takes a rack on paper; gives its faults. */
import type { FaultKind, FaultOf } from './fault.ts'
import type { Rack } from './rack.ts'

/** `nic` narrows kinds that name one; kinds that name no node sit on all. */
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

/** The first of `faultsOn`. */
export const faultOnNode = <Kind extends FaultKind>(
  rack: Pick<Rack, 'faults'>,
  kind: Kind,
  node: string,
  nic?: string,
): FaultOf<Kind> | undefined => faultsOnNode(rack, kind, node, nic)[0]
