/** The error rates that the suites must keep, checked against a measurement. */
import type { FaultDeclaration } from '../../harness/rack/fault-catalogue.ts'
import { wilsonInterval } from '../../harness/measure/wilson-interval.ts'
import { formatPercent } from '../../harness/core/units.ts'
import { HEALTHY } from './jobs.ts'
import { SLOWER_NODES, slowerNode } from './measure-baseline.ts'
import { acceptancesOf, summed, type BaselineTally, type Cell, type Measured, type Tally } from './tally.ts'

export interface Goal {
  readonly goal: string
  readonly measured: string
  readonly met: boolean
}

/** A node that is slower by this share or more must not pass against any baseline. */
const BAD_NODE = 0.2

/** A goal with a share is missed only when the whole 95 % interval of the measured share lies beyond its limit. */
export function goalsOf(
  { tallies, racks, againstBaselines, baselines }: Measured,
  catalogue: readonly FaultDeclaration[],
): Goal[] {
  const of = (fault: string): Tally | undefined => tallies.find((tally) => tally.fault === fault)
  const always = new Set(catalogue.flatMap(({ name, caught }) => (caught.length > 0 ? name : [])))
  const bad = new Set<string>(SLOWER_NODES.filter((share) => share >= BAD_NODE).map(slowerNode))
  return [
    ...healthyGoals('of two nodes', tallies),
    atLeast('one of four NICs 50 % slow: caught in at least 99 %', of('nic-slow-50'), 0.99),
    atLeast('one of four NICs 20 % slow: caught in at least 99 %', of('nic-slow-20'), 0.99),
    atLeast('one of four NICs 5 % slow: caught in at least 90 %', of('nic-slow-5'), 0.9),
    nonePasses(
      'two nodes with a fault that a test must catch: none passes',
      tallies.filter(({ fault }) => always.has(fault)),
    ),
    ...healthyGoals('of 2 to 16 nodes', racks),
    nonePasses(
      'racks of 2 to 16 nodes with such a fault anywhere: none passes',
      racks.filter(({ fault }) => always.has(fault)),
    ),
    ...healthyGoals('against a baseline', againstBaselines),
    nonePasses(
      `a node ${formatPercent(BAD_NODE)} slower or more, against a baseline: none passes`,
      againstBaselines.filter(({ fault }) => bad.has(fault)),
    ),
    badNodesLeftOut(baselines),
  ].flatMap((goal) => goal ?? [])
}

const healthyGoals = (which: string, cells: readonly (Cell | Tally)[]): readonly (Goal | undefined)[] => {
  const healthy = cells.filter(({ fault }) => fault === HEALTHY)
  const all = healthy.length === 0 ? undefined : summed(healthy)
  return [
    atMost(`healthy racks ${which} that fail: at most 1 %`, all, ({ failed }) => failed, 0.01),
    atMost(
      `healthy racks ${which} that are inconclusive: at most 5 %`,
      all,
      ({ inconclusive }) => inconclusive,
      0.05,
    ),
  ]
}

type Verdicts = ReturnType<typeof summed>

function atMost(
  goal: string,
  verdicts: Verdicts | undefined,
  count: (verdicts: Verdicts) => number,
  limit: number,
): Goal | undefined {
  if (verdicts === undefined) return undefined
  const { low } = wilsonInterval(count(verdicts), acceptancesOf(verdicts))
  return { goal, measured: formatShare(count(verdicts), acceptancesOf(verdicts)), met: low <= limit }
}

function atLeast(goal: string, tally: Tally | undefined, limit: number): Goal | undefined {
  if (tally === undefined) return undefined
  const caught = acceptancesOf(tally) - tally.passed
  const { high } = wilsonInterval(caught, acceptancesOf(tally))
  return { goal, measured: formatShare(caught, acceptancesOf(tally)), met: high >= limit }
}

function nonePasses(goal: string, cells: readonly Verdicts[]): Goal | undefined {
  if (cells.length === 0) return undefined
  const { passed, ...rest } = summed(cells)
  return { goal, measured: `${passed} of ${acceptancesOf({ passed, ...rest })} passed`, met: passed === 0 }
}

function badNodesLeftOut(baselines: readonly BaselineTally[]): Goal | undefined {
  const count = baselines.reduce((sum, { badLeftOut }) => sum + badLeftOut, 0)
  const of = baselines.reduce((sum, { withBadNode }) => sum + withBadNode, 0)
  if (of === 0) return undefined
  const goal = 'baselines with a bad node: all leave it out, and no other'
  return { goal, measured: `${count} of ${of}`, met: count === of }
}

/** `12 of 100, 12.0 % (7.0 % to 19.8 %)`: a share with its 95 % Wilson interval. */
export function formatShare(count: number, of: number): string {
  const { estimate, low, high } = wilsonInterval(count, of)
  return `${count} of ${of}, ${formatPercent(estimate)} (${formatPercent(low)} to ${formatPercent(high)})`
}
