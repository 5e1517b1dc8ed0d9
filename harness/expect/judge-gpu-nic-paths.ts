/** Judges the paths of an arm against each other: one NIC of several that is slower than its like. */
import { formatPercent, parsePercent } from '../core/units.ts'
import type { Round } from '../measure/round.ts'
import { ratioInterval, type Interval } from '../measure/interval.ts'
import type { Arm } from './arm.ts'
import { pathsOf } from './failure-hints.ts'
import type { Expectation } from './expectation.ts'
import { expectationOf, invalidLimit, readLimit } from './format-figures.ts'
import { decide } from './sequential-decision.ts'

/** `within` is how much slower than the median of the others a path may be. */
export interface Even {
  readonly within: string
}

const EVEN: Even = { within: '3 %' }

export const evenStatement = (arm: Arm, { within }: Even = EVEN): string =>
  `${arm.name}: no path is more than ${within} slower than the others`

/**
 * Each path is paired with the others of the same transfer, so what all of them share cancels out. The level holds for
 * all paths together. Throws EXPECTATION_INVALID for a limit outside 0 % to 100 %, or an arm with one path.
 */
export async function judgeEven(arm: Arm, ask: Even = EVEN): Promise<Expectation> {
  const within = readLimit('toRunEvenly { within }', ask.within, {
    parse: parsePercent,
    holds: (value) => value > 0 && value < 1,
    expected: 'a share between 0 % and 100 %, such as "3 %"',
  })
  const decision = await decide(
    arm.comparison,
    (rounds, level) => slowestShare(sharesOf(arm, rounds, level)),
    { atLeast: 1 - within },
  )
  const shares = sharesOf(arm, decision.rounds, decision.interval.level)
  const slow = shares.filter(({ interval }) => interval.high < 1 - within)
  const named = slow.map(
    ({ path, interval }) =>
      `${path} is ${formatPercent(1 - interval.estimate)} slower than the others. Look at both NICs' PCIe link, cable and port counters.`,
  )
  return expectationOf(
    { ...decision, reasons: [...decision.reasons, ...named] },
    {
      statement: evenStatement(arm, ask),
      limit: `at least ${(1 - within).toFixed(3)}x the median of the others`,
      measured: `${decision.interval.estimate.toFixed(3)}x for the slowest of ${shares.length} paths`,
      arms: [arm],
      properties: {
        [`arm.${arm.name}.slowestPath`]: decision.interval.estimate,
        [`arm.${arm.name}.slowestPath.ci95.low`]: decision.interval.low,
        [`arm.${arm.name}.slowestPath.ci95.high`]: decision.interval.high,
      },
    },
  )
}

interface PathShare {
  readonly path: string
  readonly interval: Interval
}

/** Every path's rate over that of the others; the error is dealt out over the paths, so that all intervals hold together. */
function sharesOf(arm: Arm, rounds: readonly Round[], level: number): readonly PathShare[] {
  const paths = pathsOf(arm.of(rounds))
  if (paths.length === 0)
    throw invalidLimit(`toRunEvenly of ${arm.name}`, 'an arm with at least two paths', 'one path')
  return paths.map(({ path, rates, others }) => {
    const pairs = rates.map((own, round) => [own, others[round] ?? Number.NaN] as const)
    return { path, interval: { ...ratioInterval(pairs, 1 - (1 - level) / paths.length), level } }
  })
}

/** The interval of the slowest path's share: where all intervals hold, the least of their bounds hold for the least share. */
function slowestShare(shares: readonly PathShare[]): Interval {
  const intervals = shares.map(({ interval }) => interval)
  const least = (of: (interval: Interval) => number): number => Math.min(...intervals.map(of))
  const [{ level, rounds } = { level: Number.NaN, rounds: 0 }] = intervals
  return {
    estimate: least(({ estimate }) => estimate),
    low: least(({ low }) => low),
    high: least(({ high }) => high),
    level,
    rounds,
  }
}
