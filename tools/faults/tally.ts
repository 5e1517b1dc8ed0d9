/** Counts the verdicts of simulated acceptances by fault: the data that both pages and the gate are computed from. */
import type { FaultOutcome } from './measure.ts'

export const RACK = 'fixtures/racks/h100-2node.yaml'
/** Rounds before the first look. */
export const FIRST_ROUNDS = 3
/** The name under which racks without a fault are counted. */
export const HEALTHY = 'none'

export interface Tally {
  /** A name in `fixtures/faults/`, or `none`. */
  readonly fault: string
  readonly passed: number
  readonly failed: number
  readonly inconclusive: number
  /** Rounds of an acceptance, over all its comparisons, to one decimal. */
  readonly meanRounds: number
  /** By test, in the order of the suites: in how many acceptances it did not pass. */
  readonly notPassed: Readonly<Record<string, number>>
}

export const acceptancesOf = ({ passed, failed, inconclusive }: Tally): number =>
  passed + failed + inconclusive

export function tallyOf({ name, seeds }: FaultOutcome): Tally {
  const count = (verdict: string): number => seeds.filter((one) => one.verdict === verdict).length
  const notPassed: Record<string, number> = {}
  for (const test of seeds.flatMap((one) => one.notPassed)) notPassed[test] = (notPassed[test] ?? 0) + 1
  const rounds = seeds.reduce((sum, one) => sum + one.rounds, 0)
  return {
    fault: name,
    passed: count('passed'),
    failed: count('failed'),
    inconclusive: count('inconclusive'),
    meanRounds: Number((rounds / seeds.length).toFixed(1)),
    notPassed,
  }
}
