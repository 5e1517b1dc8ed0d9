/** Counts the verdicts of simulated acceptances by fault: the data that both pages and the gate are computed from. */
import type { Group } from './jobs.ts'
import type { FaultOutcome } from './measure.ts'
import type { BaselineOutcome } from './measure-baseline.ts'

export const RACK = 'fixtures/racks/h100-2node.yaml'
/** Rounds before the first look. */
export const FIRST_ROUNDS = 3

interface Verdicts {
  readonly passed: number
  readonly failed: number
  readonly inconclusive: number
}

export interface Tally extends Verdicts {
  /** A name in `fixtures/faults/`, or `none`. */
  readonly fault: string
  /** Rounds of an acceptance, over all its comparisons, to one decimal. */
  readonly meanRounds: number
  /** By test, in the order of the suites: in how many acceptances it did not pass. */
  readonly notPassed: Readonly<Record<string, number>>
}

/** Acceptances of racks of one size, or against baselines of as many nodes, with one fault. */
export interface Cell extends Verdicts {
  readonly nodes: number
  readonly fault: string
}

/** The baselines that were measured on as many nodes. */
export interface BaselineTally {
  readonly nodes: number
  readonly baselines: number
  readonly refused: number
  /** Those with a bad node among their nodes, and those of them that left it out and no other. */
  readonly withBadNode: number
  readonly badLeftOut: number
  /** Those that left out a sound node. */
  readonly soundLeftOut: number
  /** The median of the lower bounds, as a share of the value. */
  readonly lower: number
}

export interface Measured {
  readonly tallies: readonly Tally[]
  readonly racks: readonly Cell[]
  readonly againstBaselines: readonly Cell[]
  readonly baselines: readonly BaselineTally[]
}

export const acceptancesOf = ({ passed, failed, inconclusive }: Verdicts): number =>
  passed + failed + inconclusive

export const summed = (all: readonly Verdicts[]): Verdicts => ({
  passed: all.reduce((sum, { passed }) => sum + passed, 0),
  failed: all.reduce((sum, { failed }) => sum + failed, 0),
  inconclusive: all.reduce((sum, { inconclusive }) => sum + inconclusive, 0),
})

export function measuredOf(
  outcomes: readonly FaultOutcome[],
  baselines: readonly BaselineOutcome[],
): Measured {
  const of = (group: Group): readonly FaultOutcome[] => outcomes.filter((one) => one.group === group)
  return {
    tallies: of('declared').map(tallyOf),
    racks: of('anywhere').map(cellOf),
    againstBaselines: of('baseline').map(cellOf),
    baselines: [...Map.groupBy(baselines, ({ nodes }) => nodes)]
      .toSorted(([one], [other]) => one - other)
      .map(baselineTallyOf),
  }
}

function tallyOf({ name, seeds }: FaultOutcome): Tally {
  const notPassed: Record<string, number> = {}
  for (const test of seeds.flatMap((one) => one.notPassed)) notPassed[test] = (notPassed[test] ?? 0) + 1
  const rounds = seeds.reduce((sum, one) => sum + one.rounds, 0)
  return {
    fault: name,
    ...verdictsOf(seeds),
    meanRounds: Number((rounds / seeds.length).toFixed(1)),
    notPassed,
  }
}

const cellOf = ({ nodes, name, seeds }: FaultOutcome): Cell => ({ nodes, fault: name, ...verdictsOf(seeds) })

function verdictsOf(seeds: FaultOutcome['seeds']): Verdicts {
  const count = (verdict: string): number => seeds.filter((one) => one.verdict === verdict).length
  return { passed: count('passed'), failed: count('failed'), inconclusive: count('inconclusive') }
}

function baselineTallyOf([nodes, all]: readonly [number, readonly BaselineOutcome[]]): BaselineTally {
  const made = all.filter(({ refused }) => !refused)
  const withBad = made.filter(({ bad }) => bad !== undefined)
  const lower = made.map((one) => one.lower).toSorted((a, b) => a - b)[Math.floor(made.length / 2)] ?? 0
  return {
    nodes,
    baselines: all.length,
    refused: all.length - made.length,
    withBadNode: withBad.length,
    badLeftOut: withBad.filter(({ bad, leftOut }) => leftOut.join() === bad).length,
    soundLeftOut: made.filter(({ bad, leftOut }) => leftOut.some((node) => node !== bad)).length,
    lower: Number(lower.toFixed(4)),
  }
}
