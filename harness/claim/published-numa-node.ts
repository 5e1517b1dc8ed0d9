/**
 * On which NUMA node a published device is, as far as slices say it: by its own attribute, else by that of a device under the
 * same PCIe host bridge, since the kernel gives all functions of a host bridge the node of the bridge.
 */
import type { PublishedDevice } from './published-device.ts'

export interface NumaNodes {
  /** The node of the CPUs near to the device; undefined: only the node of the GPU's own memory is published. */
  readonly numaNode?: number
  /** The node of the GPU's own memory, which has no CPUs. */
  readonly memoryNumaNode?: number
  /** The device under the same host bridge that publishes the node; undefined: the device itself does. */
  readonly from?: string
}

/** GPUs whose memory is a NUMA node of its own: GH200, GB200, GB300. */
const WITH_MEMORY_NODE = /\bG[HB]\d{3}/

/** `others`: the GPUs and NICs of the same node. Undefined where nothing that is published says it. */
export function numaNodesOf(
  device: PublishedDevice,
  others: readonly PublishedDevice[],
  productName = '',
): NumaNodes | undefined {
  const [first, second] = device.numaNodes ?? []
  if (first !== undefined) {
    const ofNics = others.flatMap(({ kind, numaNodes }) => (kind === 'nic' ? (numaNodes?.[0] ?? []) : []))
    if (device.kind === 'nic' || !WITH_MEMORY_NODE.test(productName) || ofNics.includes(first))
      return { numaNode: first }
    return { ...(second === undefined ? {} : { numaNode: second }), memoryNumaNode: first }
  }
  if (device.pcieRoot === undefined) return undefined
  const neighbour = others.find(
    ({ kind, pcieRoot, numaNodes }) =>
      kind === 'nic' && pcieRoot === device.pcieRoot && numaNodes?.[0] !== undefined,
  )
  const node = neighbour?.numaNodes?.[0]
  return neighbour === undefined || node === undefined ? undefined : { numaNode: node, from: neighbour.name }
}
