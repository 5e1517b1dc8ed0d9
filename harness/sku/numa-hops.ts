/** How far two NUMA nodes of a SKU are from each other. */
import type { Sku } from './sku.ts'

/** 0: the same NUMA node. 1: another one of the same socket. 2: another socket, or sockets that the profile does not state. */
export function numaHops(from: number, to: number, { sockets }: Pick<Sku, 'sockets'>): 0 | 1 | 2 {
  if (from === to) return 0
  return sockets?.some((nodes) => nodes.includes(from) && nodes.includes(to)) === true ? 1 : 2
}
