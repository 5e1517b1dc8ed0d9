/** Compares the paths of an arm with each other, to find one NIC among several that is slower than the rest. */
import { formatPercent, parsePercent } from '../core/units.ts'
import type { Round } from '../measure/round.ts'
import { ratioInterval, type Interval } from '../measure/interval.ts'
import type { Arm, ArmNamed } from './arm.ts'
import { pathsOf } from './failure-hints.ts'
import type { Expectation } from './expectation.ts'
import { expectationOf, invalidLimit, readLimit } from './format-figures.ts'
import { decide } from './sequential-decision.ts'

/** `within`: how much slower than the median of the other paths a path may be, such as `3 %`. */
export interface Even {
  readonly within: string
}

export const evenStatement = (arm: ArmNamed, { within }: Even): string =>
  `${arm.name}: no path is more than ${within} slower than the others`

/**
 * Each path is compared with the others of the same transfer, so effects common to all of them cancel out. The confidence
 * level holds for all paths together. Throws EXPECTATION_INVALID for a limit outside 0 % to 100 %, or an arm with one path.
 */
export async function judgeEven(arm: Arm, limit: Even): Promise<Expectation> {
  const within = readLimit('toHaveEvenPaths { within }', limit.within, {
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
      `${path} is ${formatPercent(1 - interval.estimate)} slower than the others. Check the PCIe link, cable and port counters of both NICs.`,
  )
  return expectationOf(
    { ...decision, reasons: [...decision.reasons, ...named] },
    {
      statement: evenStatement(arm, limit),
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

/** Every path's rate over the median of the others. Bonferroni's correction lets all intervals hold together. */
function sharesOf(arm: Arm, rounds: readonly Round[], level: number): readonly PathShare[] {
  const paths = pathsOf(arm.of(rounds))
  if (paths.length === 0)
    throw invalidLimit(`toHaveEvenPaths of ${arm.name}`, 'an arm with at least two paths', 'one path')
  return paths.map(({ path, rates, others }) => {
    const pairs = rates.map((own, round) => [own, others[round] ?? Number.NaN] as const)
    return { path, interval: { ...ratioInterval(pairs, 1 - (1 - level) / paths.length), level } }
  })
}

/** The interval of the slowest path's share. When all intervals hold, their lowest bounds hold for the lowest share. */
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
