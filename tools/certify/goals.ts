/** What the certification is held to. Takes tallies; gives each goal with its measured share and whether it is met. */
import { wilsonInterval } from '../../harness/measure/wilson-interval.ts'
import { formatPercent } from '../../harness/core/units.ts'
import type { Tally } from './tally.ts'

export interface Goal {
  readonly goal: string
  readonly measured: string
  readonly met: boolean
}

/** A goal is met unless the whole interval of the measured share lies on the wrong side: few trials prove nothing. */
export function goalsOf(tallies: readonly Tally[]): Goal[] {
  const of = (truth: string): Tally | undefined => tallies.find((tally) => tally.truth === truth)
  const good = of('good')
  return [
    atMost('good racks failed: at most 1 %', good, ({ failed }) => failed, 0.01),
    atMost('good racks inconclusive: at most 5 %', good, ({ inconclusive }) => inconclusive, 0.05),
    atLeast('one NIC of four 50 % slow: found in at least 99 %', of('nic-slow-50'), 0.99),
    atLeast('one NIC of four 20 % slow: found in at least 99 %', of('nic-slow-20'), 0.99),
    atLeast('one NIC of four 5 % slow: found in at least 90 %', of('nic-slow-5'), 0.9),
  ].flatMap((goal) => goal ?? [])
}

const total = ({ passed, failed, inconclusive }: Tally): number => passed + failed + inconclusive

function atMost(
  goal: string,
  tally: Tally | undefined,
  count: (tally: Tally) => number,
  limit: number,
): Goal | undefined {
  if (tally === undefined) return undefined
  const { low } = wilsonInterval(count(tally), total(tally))
  return { goal, measured: shareOf(count(tally), total(tally)), met: low <= limit }
}

function atLeast(goal: string, tally: Tally | undefined, limit: number): Goal | undefined {
  if (tally === undefined) return undefined
  const found = total(tally) - tally.passed
  const { high } = wilsonInterval(found, total(tally))
  return { goal, measured: shareOf(found, total(tally)), met: high >= limit }
}

export function shareOf(count: number, of: number): string {
  const { estimate, low, high } = wilsonInterval(count, of)
  return `${count} of ${of}, ${formatPercent(estimate)} (${formatPercent(low)} to ${formatPercent(high)})`
}
