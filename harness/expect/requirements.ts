/**
 * What a declaration requires of the target and its SKU. Each function returns the unmet requirement in words, or undefined. A
 * test whose requirements are not met is skipped with that reason, and never passes without devices.
 */
import { turnCount } from '../claim/gpu-pairs.ts'
import { hasNumaReference, type Sku } from '../sku/sku.ts'
import type { Target } from '../targets/target.ts'
import type { ComparisonDeclaration, GpuLinkDeclaration, PodDeclaration } from './declarations.ts'

/** The requirement of transfers from node to node. */
export const unmetNodeRequirement = (nodes: readonly string[]): string | undefined =>
  nodes.length < 2 ? `two nodes are required, found ${nodes.join(', ') || 'none'}` : undefined

/** The requirements of a comparison of NICs on different NUMA nodes. */
export function unmetComparisonRequirement(sku: Sku, { arms }: ComparisonDeclaration): string | undefined {
  const wanted = [...new Set(Object.values(arms).map(({ nics }) => nics.numaNode))]
  const missing = missingNics(sku, wanted)
  if (missing !== undefined) return missing
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
  return emulation === undefined ? undefined : 'an emulated rack has no usable GPUs'
}

/** The requirements of transfers between the GPUs of one node. */
export function unmetGpuLinkRequirement(
  { emulation }: Target,
  sku: Sku,
  { turn }: GpuLinkDeclaration,
): string | undefined {
  const count = sku.gpus.length
  if (emulation !== undefined) return 'an emulated rack has no usable GPUs'
  if (turn === 0)
    return sku.reference.gpuMemory === undefined
      ? `SKU ${sku.name} states no reference for its GPUs' memory`
      : undefined
  if (turn > turnCount(count))
    return count < 2
      ? `two GPUs are required, found ${count}`
      : `every two of ${count} GPUs were paired by turn ${turnCount(count)}`
  return sku.reference.gpuLink === undefined ? `SKU ${sku.name} states no reference for GPU links` : undefined
}

function missingNics(sku: Sku, numaNodes: readonly number[]): string | undefined {
  if (!sku.nic.rdma || sku.nics.length === 0) return `SKU ${sku.name} has no RDMA NIC`
  const missing = numaNodes.filter((node) => !sku.nics.some(({ numaNode }) => numaNode === node))
  if (missing.length === 0) return undefined
  return `SKU ${sku.name} has no NIC on NUMA node ${missing.join(' or ')}`
}
