/** The plan of recorded rounds in the form of this version. */
import type { LinkArm } from '../measure/arm-plan.ts'
import type { LinkPlan } from '../measure/link-comparison.ts'
import type { ComparisonPlan } from '../measure/node-comparison.ts'
import type { Rounds } from './evidence-schema.ts'

export type RecordedPlan = ComparisonPlan | LinkPlan

/** Certificates of claimcheck 0.1.0 list the names of the arms between GPUs, which were always these. */
const LISTED: Readonly<Record<'linked' | 'staged', LinkArm>> = {
  linked: { path: 'gpu-links' },
  staged: { path: 'host-memory' },
}

export function planIn({ plan }: Rounds): RecordedPlan {
  if (!('turn' in plan)) return plan
  const { arms, ...rest } = plan
  return { ...rest, arms: Array.isArray(arms) ? listedArms(arms) : arms }
}

export const listedArms = (names: readonly (keyof typeof LISTED)[]): Readonly<Record<string, LinkArm>> =>
  Object.fromEntries(names.map((name) => [name, LISTED[name]]))

export const isBetweenGpus = (plan: RecordedPlan): plan is LinkPlan => 'turn' in plan
