/** What an arm of recorded rounds measured, by the words in which an SKU profile states figures. */
import { alignmentOf } from '../claim/placement.ts'
import { plannedArm } from '../measure/arm-plan.ts'
import type { Sku } from '../sku/sku.ts'
import type { Measurement } from '../sku/stated-figures.ts'
import { isBetweenGpus, type RecordedPlan } from './recorded-plan.ts'

/** The plan of one of several nodes or pairs has the comparison's name with a number. */
export function measurementOf(arm: string, plan: RecordedPlan, sku: Sku): Measurement {
  const isPart = isBetweenGpus(plan) ? plan.node !== undefined : plan.nodes !== undefined
  const comparison = isPart ? plan.name.replace(/-\d+$/, '') : plan.name
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

/** No figure of any comparison is stated for such an arm. */
const UNUSUAL = 'unusual'
