/** What the tests of suites declare, divided into what a run would do and what it would skip for lack of devices. */
import { isUnavailable } from '../claim/numa-placements.ts'
import type { GpuPlacement, Placement } from '../claim/placement.ts'
import type { CheckedComparison, CheckedLinks, PodDeclaration } from '../expect/declarations.ts'
import type { NodeArm } from '../measure/arm-plan.ts'
import {
  unmetComparisonRequirement,
  unmetGpuLinkRequirement,
  unmetNodeRequirement,
  unmetPodRequirement,
} from '../expect/requirements.ts'
import type { CollectedTest } from '../simulate/collecting-suite.ts'
import type { Sku } from '../sku/sku.ts'
import type { Inspection } from '../targets/target-kind.ts'

export type PlannedComparison = CheckedComparison & {
  readonly arms: Readonly<Record<string, NodeArm>>
}
type PlannedPods = PodDeclaration & { readonly placement: Placement | GpuPlacement }

export interface PlannedTests {
  /** Each once, however many tests share it. */
  readonly comparisons: readonly PlannedComparison[]
  readonly pods: readonly PlannedPods[]
  readonly links: readonly CheckedLinks[]
  /** `A KV cache of 1 GiB: SKU x has no RDMA NIC`, each once. */
  readonly skipped: readonly string[]
}

export function plannedTests(
  tests: readonly CollectedTest[],
  { nodes, rack }: Pick<Inspection, 'nodes' | 'rack'>,
  sku: Sku,
): PlannedTests {
  const target = { emulation: rack }
  const comparisons = new Set<PlannedComparison>()
  const pods = new Set<PlannedPods>()
  const links = new Set<CheckedLinks>()
  const skipped = new Set<string>()
  for (const { suite, arms, pods: claimed, links: link } of tests) {
    const unmet =
      (arms && (unmetNodeRequirement(nodes) ?? unmetComparisonRequirement(sku, arms))) ??
      (claimed && unmetPodRequirement(target, sku, claimed)) ??
      (link && unmetGpuLinkRequirement(target, sku, link))
    if (unmet !== undefined) skipped.add(`${suite.join(' > ')}: ${unmet}`)
    else if (arms !== undefined && isPlannedComparison(arms)) comparisons.add(arms)
    else if (claimed !== undefined && isPlannedPods(claimed)) pods.add(claimed)
    else if (link !== undefined) links.add(link)
  }
  return { comparisons: [...comparisons], pods: [...pods], links: [...links], skipped: [...skipped] }
}

const isPlannedComparison = (spec: CheckedComparison): spec is PlannedComparison => !isUnavailable(spec.arms)
const isPlannedPods = (spec: PodDeclaration): spec is PlannedPods => !('unavailable' in spec.placement)
