/**
 * What a suite needs of the machine it runs on. Takes a SKU or target and a declaration; gives what is lacking, in words,
 * or undefined. A test that lacks something is skipped with that reason; it never passes for want of devices.
 */
import { turnCount } from '../claim/gpu-pairs.ts'
import { hasNumaReference, type Sku } from '../sku/sku.ts'
import type { Target } from '../targets/target.ts'
import type { ComparisonDeclaration, GpuLinkDeclaration, PodDeclaration } from './declarations.ts'

/** For transfers from node to node. */
export const unmetNodeRequirement = (nodes: readonly string[]): string | undefined =>
  nodes.length < 2 ? `two nodes are needed, and there is ${nodes.join(', ') || 'none'}` : undefined

/** For arms whose NICs lie on different NUMA nodes. */
export function unmetComparisonRequirement(sku: Sku, { arms }: ComparisonDeclaration): string | undefined {
  const wanted = [...new Set(Object.values(arms).map(({ nics }) => nics.numaNode))]
  const lack = missingNics(sku, wanted)
  if (lack !== undefined) return lack
  return hasNumaReference(sku)
    ? undefined
    : `SKU ${sku.name} states no reference for aligned and unaligned transfers`
}

export function unmetPodRequirement(
  { emulation }: Target,
  sku: Sku,
  { placement }: PodDeclaration,
): string | undefined {
  if (placement.gpus !== 'all')
    return 'nics' in placement ? missingNics(sku, [placement.nics.numaNode]) : undefined
  return emulation === undefined ? undefined : 'the GPUs of an emulated rack are names only'
}

/** For transfers between the GPUs of one node. */
export function unmetGpuLinkRequirement(
  { emulation }: Target,
  sku: Sku,
  { turn }: GpuLinkDeclaration,
): string | undefined {
  const count = sku.gpus.length
  if (emulation !== undefined) return 'the GPUs of an emulated rack are names only'
  if (turn === 0)
    return sku.reference.gpuMemory === undefined
      ? `SKU ${sku.name} states no reference for its GPUs' memory`
      : undefined
  if (turn > turnCount(count))
    return count < 2 ? `${count} GPU makes no pair` : `${count} GPUs have all met by turn ${turnCount(count)}`
  return sku.reference.gpuLink === undefined ? `SKU ${sku.name} states no reference for GPU links` : undefined
}

function missingNics(sku: Sku, numaNodes: readonly number[]): string | undefined {
  if (!sku.nic.rdma || sku.nics.length === 0) return `SKU ${sku.name} has no RDMA NIC`
  const missing = numaNodes.filter((node) => !sku.nics.some(({ numaNode }) => numaNode === node))
  if (missing.length === 0) return undefined
  return `SKU ${sku.name} has no NIC on NUMA node ${missing.join(' or ')}`
}
