/** The character devices DRANET injects for NICs: takes NICs and faults of a node; gives paths, rdma_cm first. */
import { faultOnNode, faultsOnNode } from '../rack/node-faults.ts'
import type { Rack } from '../rack/rack.ts'
import type { SkuNic } from '../sku/sku.ts'

export interface CharDevice {
  readonly path: string
  readonly opens: boolean
}

/** What `/dev/infiniband` of a pod with these NICs lists on `node`. */
export function infinibandDevices(rack: Rack, node: string, nics: readonly SkuNic[]): readonly CharDevice[] {
  const leaked = rack.sku.nics.filter((nic) => faultOnNode(rack, 'device-leak', node, nic.name) !== undefined)
  const injected = [...new Set([...nics, ...leaked])]
    .filter((nic) => faultsOnNode(rack, 'device-missing', node, nic.name).length === 0)
    .sort((a, b) => a.charDevice - b.charDevice)
  if (injected.length === 0) return []
  return [
    { path: '/dev/infiniband/rdma_cm', opens: true },
    ...injected.flatMap(({ name, charDevice }) => {
      const opens = faultOnNode(rack, 'device-unopenable', node, name) === undefined
      return ['uverbs', 'umad'].map((kind) => ({ path: `/dev/infiniband/${kind}${charDevice}`, opens }))
    }),
  ]
}
