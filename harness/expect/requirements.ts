/**
 * What a declaration requires of the target and its SKU. Each function returns the unmet requirement in words, or undefined. A
 * test whose requirements are not met is skipped with that reason, and never passes without devices.
 */
import { turnCount } from '../claim/gpu-pairs.ts'
import { railsOfStream, sharersOf } from '../claim/rails.ts'
import { isUnavailable } from '../claim/numa-placements.ts'
import type { NodeArm } from '../measure/arm-plan.ts'
import type { Sku } from '../sku/sku.ts'
import type { ComparisonDeclaration, GpuLinkDeclaration, PodDeclaration } from './declarations.ts'

/** `emulation` is undefined where the hardware is real. */
interface MaybeEmulated {
  readonly emulation: object | undefined
}

/** The requirement of transfers from node to node. */
export const unmetNodeRequirement = (nodes: readonly string[]): string | undefined =>
  nodes.length < 2 ? `two nodes are required, found ${nodes.join(', ') || 'none'}` : undefined

/** The requirements of a comparison between nodes. */
export function unmetComparisonRequirement(sku: Sku, { arms }: ComparisonDeclaration): string | undefined {
  if (isUnavailable(arms)) return arms.unavailable
  const all = Object.values(arms)
  const missing = missingNics(sku, [...new Set(all.map(({ nics }) => nics.numaNode))])
  return missing ?? (all.some(({ memory }) => memory !== 'host') ? unmetGpuRequirement(sku) : undefined)
}

/** The devices that the reference of a SKU was stated for, where it does not say: those of DRANET's example. */
const EXAMPLE = { gpus: 4, nics: 4 }

/** For tests that compare figures of an arm with the SKU's reference. `stated`: the figure that applies to arm, operation and size. */
export function unmetReferenceRequirement(
  sku: Sku,
  arm: NodeArm,
  stated: object | undefined,
): string | undefined {
  if (stated === undefined) return undefined
  if (arm.bothWays === true || arm.blockSize !== undefined)
    return `the reference of SKU ${sku.name} is for transfers one way, in one piece`
  const { gpus, nics } = sku.reference.placement ?? EXAMPLE
  if (arm.memory === 'host' && sku.gpus.length > 0)
    return `the reference of SKU ${sku.name} is for GPU memory`
  if (arm.gpus.count === gpus && arm.nics.count === nics) return undefined
  return `the reference of SKU ${sku.name} is for ${gpus} GPUs and ${nics} NICs; this placement has ${arm.gpus.count} and ${arm.nics.count}`
}

/** For tests that compare the paths of an arm with each other: two paths must have equally many NICs of their own. */
export function unmetPathsRequirement({ arms }: ComparisonDeclaration): string | undefined {
  if (isUnavailable(arms)) return arms.unavailable
  return Object.values(arms)
    .map(unmetByPaths)
    .find((unmet) => unmet !== undefined)
}

function unmetByPaths({ gpus, nics }: NodeArm): string | undefined {
  const indices = Array.from({ length: nics.count }, (_, index) => index)
  const shapes = Array.from({ length: gpus.count }, (_, stream) => {
    const rails = railsOfStream(indices, stream, gpus.count)
    return `${rails.length} ${sharersOf(indices, stream, gpus.count)}`
  })
  if (new Set(shapes).size < shapes.length) return undefined
  return gpus.count === 1
    ? 'this placement has one path'
    : `no two of the ${gpus.count} paths have the same number of NICs`
}

export function unmetPodRequirement(
  { emulation }: MaybeEmulated,
  sku: Sku,
  { placement }: PodDeclaration,
): string | undefined {
  if ('unavailable' in placement) return placement.unavailable
  if (placement.gpus !== 'all')
    return 'nics' in placement ? missingNics(sku, [placement.nics.numaNode]) : undefined
  return (
    unmetGpuRequirement(sku) ?? (emulation === undefined ? undefined : 'an emulated rack has no usable GPUs')
  )
}

/** For tests of the GPUs that a pod claims. */
export const unmetGpuRequirement = (sku: Sku): string | undefined =>
  sku.gpus.length === 0 ? `SKU ${sku.name} has no GPU` : undefined

/** The requirements of transfers between the GPUs of one node. */
export function unmetGpuLinkRequirement(
  { emulation }: MaybeEmulated,
  sku: Sku,
  { turn }: GpuLinkDeclaration,
): string | undefined {
  const count = sku.gpus.length
  if (emulation !== undefined) return 'an emulated rack has no usable GPUs'
  if (turn <= turnCount(count)) return undefined
  return count < 2
    ? `two GPUs are required, found ${count}`
    : `every two of ${count} GPUs were paired by turn ${turnCount(count)}`
}

function missingNics(sku: Sku, numaNodes: readonly number[]): string | undefined {
  if (!sku.nic.rdma || sku.nics.length === 0) return `SKU ${sku.name} has no RDMA NIC`
  const missing = numaNodes.filter((node) => !sku.nics.some(({ numaNode }) => numaNode === node))
  if (missing.length === 0) return undefined
  return `SKU ${sku.name} has no NIC on NUMA node ${missing.join(' or ')}`
}
