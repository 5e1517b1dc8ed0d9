/** The acceptances of a measurement, divided into jobs for the threads of `tools/faults.ts`. */
import type { FaultDeclaration } from '../../harness/rack/fault-catalogue.ts'
import { hasPlace } from './fault-anywhere.ts'

/** The name under which racks without a fault are counted. */
export const HEALTHY = 'none'

/**
 * `declared`: a fault where its declaration has it, on two nodes. `anywhere`: on any node and device of a rack of 2 to 16 nodes.
 * `baseline`: figures are held against a baseline.
 */
export type Group = 'declared' | 'anywhere' | 'baseline'

/** Acceptances of one rack with one fault, or without any: one for each seed. */
export interface FaultJob extends Pick<FaultDeclaration, 'name' | 'faults'> {
  readonly group: Exclude<Group, 'baseline'>
  readonly nodes: number
  readonly seeds: readonly number[]
}

/** A baseline on a rack of `nodes` nodes, and the acceptances that are held against it. */
export interface BaselineJob {
  readonly group: 'baseline'
  readonly nodes: number
  readonly seed: number
}

export type Job = FaultJob | BaselineJob

/** The sizes of the racks with a fault anywhere. */
const RACK_SIZES = [2, 3, 4, 6, 8, 12, 16] as const
/** The nodes that baselines are measured on. */
const BASELINE_SIZES = [2, 3, 4, 6, 8] as const
export const ACCEPTANCES_PER_BASELINE = 24
/** Acceptances per job, few enough that all threads end at about the same time. */
const BATCH = 25
const HEALTHY_SHARE = 0.5
const RACKS_SHARE = 0.3
const BASELINES_SHARE = 0.2

const without = { name: HEALTHY, faults: [] }

/** Every declared fault as it is declared, and as many acceptances of a healthy rack: `seeds` of each. */
export const jobsOfCatalogue = (
  catalogue: readonly FaultDeclaration[],
  seeds: number,
  healthySeeds = seeds,
): readonly Job[] => [
  ...batches({ ...without, group: 'declared', nodes: 2 }, numbers(healthySeeds)),
  ...catalogue.flatMap((fault) => batches({ ...fault, group: 'declared', nodes: 2 }, numbers(seeds))),
]

/** About `acceptances` in all. Half of every group are of healthy racks. */
export function jobsOfCertification(
  catalogue: readonly FaultDeclaration[],
  acceptances: number,
): readonly Job[] {
  const racks = Math.round(acceptances * RACKS_SHARE)
  const baselines = Math.max(1, Math.round((acceptances * BASELINES_SHARE) / ACCEPTANCES_PER_BASELINE))
  const declared = acceptances - racks - baselines * ACCEPTANCES_PER_BASELINE
  const healthy = Math.round(declared * HEALTHY_SHARE)
  const seeds = Math.max(1, Math.round((declared - healthy) / catalogue.length))
  return [
    // The longest first, so that no thread waits for the last of them.
    ...jobsOfRacks(catalogue.filter(hasPlace), racks).toReversed(),
    ...Array.from({ length: baselines }, (_, index) => ({
      group: 'baseline' as const,
      nodes: BASELINE_SIZES[index % BASELINE_SIZES.length] ?? 2,
      seed: index + 1,
    })),
    ...jobsOfCatalogue(catalogue, seeds, healthy),
  ]
}

/** Fewer acceptances of larger racks, so that every size takes the same time. Faults alternate over all sizes. */
function jobsOfRacks(faults: readonly FaultDeclaration[], acceptances: number): readonly FaultJob[] {
  const share = RACK_SIZES.reduce((sum, nodes) => sum + 1 / nodes, 0)
  let next = 0
  return RACK_SIZES.flatMap((nodes) => {
    const each = Math.max(1, Math.round(acceptances / share / nodes / 2))
    const seeds = new Map<FaultDeclaration, number[]>()
    for (const seed of numbers(each)) {
      const fault = faults[next++ % faults.length]
      if (fault !== undefined) seeds.set(fault, [...(seeds.get(fault) ?? []), seed])
    }
    return [
      ...batches({ ...without, group: 'anywhere', nodes }, numbers(each)),
      ...[...seeds].flatMap(([fault, own]) => batches({ ...fault, group: 'anywhere', nodes }, own)),
    ]
  })
}

function batches(
  { name, faults, group, nodes }: Omit<FaultJob, 'seeds'>,
  seeds: readonly number[],
): readonly FaultJob[] {
  return Array.from({ length: Math.ceil(seeds.length / BATCH) }, (_, batch) => ({
    name,
    faults,
    group,
    nodes,
    seeds: seeds.slice(batch * BATCH, (batch + 1) * BATCH),
  }))
}

/** From 1 on. */
const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i + 1)
