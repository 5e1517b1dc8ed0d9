/** What an arm of recorded rounds measured, by the words in which an SKU profile states figures. */
import { alignmentOf } from '../claim/placement.ts'
import { plannedArm } from '../measure/arm-plan.ts'
import type { Sku } from '../sku/sku.ts'
import type { Measurement } from '../sku/stated-figures.ts'
import { isBetweenGpus, type RecordedPlan } from './recorded-plan.ts'

export function measurementOf(arm: string, plan: RecordedPlan, sku: Sku): Measurement {
  const comparison = comparisonOf(plan)
  if (isBetweenGpus(plan)) {
    const { op, size, path, bothWays, blockSize } = plannedArm(plan, arm)
    const usual = bothWays === undefined && blockSize === undefined
    const role = usual ? (path === 'gpu-links' ? 'linked' : 'staged') : UNUSUAL
    return { comparison, arm, role, op, size, over: plan.turn === 0 ? 'GPU memory' : 'GPU links' }
  }
  const planned = plannedArm(plan, arm)
  const { op, size, memory, bothWays, blockSize } = planned
  const usual = memory !== 'host' && bothWays === undefined && blockSize === undefined
  return { comparison, arm, role: usual ? alignmentOf(planned, sku) : UNUSUAL, op, size, over: 'fabric' }
}

/** The plan of one of several nodes or pairs has the comparison's name with a number. */
const comparisonOf = (plan: RecordedPlan): string =>
  nodesOf(plan).length === 0 ? plan.name : plan.name.replace(/-\d+$/, '')

/** Those of one of several nodes or pairs; none where there is one. */
function nodesOf(plan: RecordedPlan): readonly string[] {
  if (isBetweenGpus(plan)) return plan.node === undefined ? [] : [plan.node]
  return plan.nodes === undefined ? [] : [plan.nodes.initiator, plan.nodes.target]
}

/** Whether rounds with this plan can be the evidence of this name, which has a number where two comparisons have one name. */
export const isEvidenceOf = (plan: RecordedPlan, name: string): boolean =>
  name.replace(/#\d+$/, '') === [comparisonOf(plan), ...nodesOf(plan)].join(' ')

/** No figure of any comparison is stated for such an arm. */
const UNUSUAL = 'unusual'
