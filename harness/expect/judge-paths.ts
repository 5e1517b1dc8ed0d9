/**
 * Judges the paths of an arm against each other: each from a GPU over its NICs to the other node. Takes an arm; gives a
 * verdict that names the slow path. A NIC too little slower than the others to break the SKU's bounds shows here.
 */
import { median } from 'simple-statistics'
import { ClaimcheckError } from '../core/errors.ts'
import { formatPercent, formatRate, gigabytesPerSecond, parsePercent } from '../core/units.ts'
import type { ArmRound } from '../measure/arm.ts'
import { ratioInterval, type Interval } from '../measure/interval.ts'
import type { Arm } from './arm.ts'
import type { Expectation } from './expectation.ts'
import { decide } from './sequential.ts'

/** `within` is how far below the arm's median path each path may lie. */
export interface Even {
  readonly within: string
}

export const evenStatement = (arm: Arm, { within }: Even): string =>
  `${arm.name}: every path is as fast as the median path, within ${within}`

/** Throws EXPECTATION_INVALID for a share outside 0 % to 100 %. */
export async function judgeEven(arm: Arm, ask: Even): Promise<Expectation> {
  const within = parsePercent(ask.within)
  if (!(within > 0 && within < 1)) {
    throw new ClaimcheckError('EXPECTATION_INVALID', {
      subject: 'toHaveEvenPaths { within }',
      problem: 'is no limit',
      expected: 'a share between 0 % and 100 %, such as "3 %"',
      found: ask.within,
      hint: 'Correct the suite.',
    })
  }
  const decision = await decide(arm.comparison, (rounds, level) => slowest(pathsOf(arm.of(rounds), level)), {
    atLeast: 1 - within,
  })
  const { verdict, code, reasons, interval, rounds } = decision
  const own = arm.of(rounds)
  const paths = pathsOf(own, interval.level)
  const suspects = verdict === 'passed' ? [] : paths.filter(({ interval: { low } }) => low < 1 - within)
  return {
    statement: evenStatement(arm, ask),
    verdict,
    ...(code === undefined ? {} : { code }),
    reasons: [...reasons, ...suspects.map(describe)],
    measured: `slowest path at ${formatPercent(interval.estimate)} of the median path`,
    limit: `at least ${formatPercent(1 - within)}`,
    interval: { ...interval, unit: 'x' },
    properties: {
      rounds: rounds.length,
      ...Object.fromEntries(
        paths.map(({ interval: { estimate } }, stream) => [`arm.${arm.name}.path.${stream}.share`, estimate]),
      ),
    },
    emulated: arm.emulated,
  }
}

interface PathShare {
  readonly path: string
  readonly rates: readonly number[]
  readonly medians: readonly number[]
  /** Of its rate over the median path's, each round. */
  readonly interval: Interval
}

/** All intervals together hold at `level`: its error is dealt out over the paths. */
function pathsOf(rounds: readonly ArmRound[], level: number): PathShare[] {
  const medians = rounds.map(({ streams }) => median(streams.map(({ bandwidth }) => bandwidth)))
  const streams = rounds[0]?.streams ?? []
  return streams.map(({ path }, stream) => {
    const rates = rounds.map((round) => round.streams[stream]?.bandwidth ?? Number.NaN)
    const pairs = rates.map((rate, round) => [rate, medians[round] ?? Number.NaN] as const)
    const interval = { ...ratioInterval(pairs, 1 - (1 - level) / streams.length), level }
    return { path, rates, medians, interval }
  })
}

/** Lies above a limit when every path does, and below it when one does. */
function slowest(paths: readonly PathShare[]): Interval {
  const least = (of: (interval: Interval) => number): number =>
    Math.min(...paths.map(({ interval }) => of(interval)))
  const { level, rounds } = paths[0]?.interval ?? { level: 0, rounds: 0 }
  return {
    estimate: least(({ estimate }) => estimate),
    low: least(({ low }) => low),
    high: least(({ high }) => high),
    level,
    rounds,
  }
}

function describe({ path, rates, medians, interval }: PathShare): string {
  const show = (values: readonly number[]): string => formatRate(gigabytesPerSecond(median([...values])))
  return `${path} reaches ${formatPercent(interval.estimate)} of the median path: ${show(rates)} against ${show(medians)}. Look at both NICs' PCIe link, cable and port counters.`
}
