/** The character devices below `/dev/infiniband` that a NIC driver injects into a pod, with the faults of the node applied. */
import { faultOnNode, faultsOnNode } from '../rack/node-faults.ts'
import type { Rack } from '../rack/rack.ts'
import type { Sku, SkuNic } from '../sku/sku.ts'

export interface CharDevice {
  readonly path: string
  readonly opens: boolean
}

/** N of uverbsN and umadN: the number in the profile, otherwise the NIC's position in it. */
const charDeviceNumber = (sku: Sku, nic: SkuNic): number => nic.charDevice ?? sku.nics.indexOf(nic)

/** The kinds of character devices that an emulated node has for a NIC. */
export const charDevicesOf = (
  sku: Sku,
  nic: SkuNic,
): readonly { readonly kind: 'uverbs' | 'umad'; readonly name: string; readonly path: string }[] =>
  (sku.nic.charDevices ?? (['uverbs', 'umad'] as const)).map((kind) => {
    const name = `${kind}${charDeviceNumber(sku, nic)}`
    return { kind, name, path: `/dev/infiniband/${name}` }
  })

/** The entries of `/dev/infiniband` in a pod with these NICs on `node`. */
export function infinibandDevices(rack: Rack, node: string, nics: readonly SkuNic[]): readonly CharDevice[] {
  const leaked = rack.sku.nics.filter((nic) => faultOnNode(rack, 'device-leak', node, nic.name) !== undefined)
  const injected = [...new Set([...nics, ...leaked])]
    .filter((nic) => faultsOnNode(rack, 'device-missing', node, nic.name).length === 0)
    .sort((a, b) => charDeviceNumber(rack.sku, a) - charDeviceNumber(rack.sku, b))
  if (injected.length === 0) return []
  return [
    { path: '/dev/infiniband/rdma_cm', opens: true },
    ...injected.flatMap((nic) => {
      const opens = faultOnNode(rack, 'device-unopenable', node, nic.name) === undefined
      return charDevicesOf(rack.sku, nic).map(({ path }) => ({ path, opens }))
    }),
  ]
}
