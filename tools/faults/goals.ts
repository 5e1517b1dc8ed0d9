/** The error rates that the suites must keep, checked against a measurement. */
import { wilsonInterval } from '../../harness/measure/wilson-interval.ts'
import { formatPercent } from '../../harness/core/units.ts'
import { acceptancesOf, HEALTHY, type Tally } from './tally.ts'

export interface Goal {
  readonly goal: string
  readonly measured: string
  readonly met: boolean
}

/** A goal is missed only when the whole 95 % interval of the measured share lies beyond its limit. */
export function goalsOf(tallies: readonly Tally[]): Goal[] {
  const of = (fault: string): Tally | undefined => tallies.find((tally) => tally.fault === fault)
  const healthy = of(HEALTHY)
  return [
    atMost('healthy racks that fail: at most 1 %', healthy, ({ failed }) => failed, 0.01),
    atMost(
      'healthy racks that are inconclusive: at most 5 %',
      healthy,
      ({ inconclusive }) => inconclusive,
      0.05,
    ),
    atLeast('one of four NICs 50 % slow: caught in at least 99 %', of('nic-slow-50'), 0.99),
    atLeast('one of four NICs 20 % slow: caught in at least 99 %', of('nic-slow-20'), 0.99),
    atLeast('one of four NICs 5 % slow: caught in at least 90 %', of('nic-slow-5'), 0.9),
  ].flatMap((goal) => goal ?? [])
}

function atMost(
  goal: string,
  tally: Tally | undefined,
  count: (tally: Tally) => number,
  limit: number,
): Goal | undefined {
  if (tally === undefined) return undefined
  const { low } = wilsonInterval(count(tally), acceptancesOf(tally))
  return { goal, measured: formatShare(count(tally), acceptancesOf(tally)), met: low <= limit }
}

function atLeast(goal: string, tally: Tally | undefined, limit: number): Goal | undefined {
  if (tally === undefined) return undefined
  const caught = acceptancesOf(tally) - tally.passed
  const { high } = wilsonInterval(caught, acceptancesOf(tally))
  return { goal, measured: formatShare(caught, acceptancesOf(tally)), met: high >= limit }
}

/** `12 of 100, 12.0 % (7.0 % to 19.8 %)`: a share with its 95 % Wilson interval. */
export function formatShare(count: number, of: number): string {
  const { estimate, low, high } = wilsonInterval(count, of)
  return `${count} of ${of}, ${formatPercent(estimate)} (${formatPercent(low)} to ${formatPercent(high)})`
}
