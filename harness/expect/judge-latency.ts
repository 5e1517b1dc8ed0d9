/** Judges latency within an arm: the ratio of its tail to its median, its percentiles, and its drift over time. */
import {
  fraction,
  formatPercent,
  formatTime,
  parsePercent,
  parseTime,
  seconds,
  type Fraction,
} from '../core/units.ts'
import type { Round } from '../measure/round.ts'
import { driftInterval } from '../measure/drift.ts'
import { medianInterval } from '../measure/interval.ts'
import { percentileInterval, type Percentile } from '../measure/latency.ts'
import { outlyingRounds } from '../measure/outliers.ts'
import type { Arm, ArmNamed } from './arm.ts'
import type { Expectation } from './expectation.ts'
import { expectationOf, invalidLimit, readLimit } from './format-figures.ts'
import type { StabilityLimit } from './stated-reference.ts'
import { decide } from './sequential-decision.ts'

/** The standard deviation of p99 / p50 from round to round on a healthy node. */
const TAIL_NOISE: Fraction = fraction(0.02)

export const stableStatement = (arm: ArmNamed, { p99OverP50, usual }: StabilityLimit): string =>
  `${arm.name} p99 / p50 latency is ${usual === undefined ? "within the SKU's bound" : `at most ${p99OverP50}`}`

/**
 * The median over the rounds of p99 / p50, with a confidence interval that a single outlying round does not widen;
 * such a round is reported. Throws EXPECTATION_INVALID for a limit below 1.
 */
export async function judgeStable(arm: Arm, limit: StabilityLimit): Promise<Expectation> {
  const { p99OverP50 } = limit
  if (!(p99OverP50 >= 1 && Number.isFinite(p99OverP50)))
    throw invalidLimit('toBeStable { p99OverP50 }', 'a ratio of at least 1, such as 1.5', String(p99OverP50))
  const tailsOf = (rounds: readonly Round[]): number[] =>
    arm.of(rounds).map(({ latency }) => latency.p99 / latency.p50)
  const decision = await decide(
    arm.comparison,
    (rounds, level) => medianInterval(tailsOf(rounds), level, TAIL_NOISE),
    { atMost: p99OverP50 },
  )
  const { interval } = decision
  const tails = tailsOf(decision.rounds)
  const outlying = outlyingRounds(tails).map((index) => index + 1)
  const outlierNotes = outlying.map(
    (round) =>
      `${arm.name} round ${round} is an outlier: p99 / p50 is ${tails[round - 1]?.toFixed(2)}. It stays in every figure.`,
  )
  return expectationOf(
    { ...decision, reasons: [...decision.reasons, ...outlierNotes] },
    {
      statement: stableStatement(arm, limit),
      limit: `≤ ${p99OverP50}`,
      measured: interval.estimate.toFixed(3),
      detail: `rounds ${tails.map((tail) => tail.toFixed(2)).join(', ')}`,
      arms: [arm],
      properties: {
        [`arm.${arm.name}.p99OverP50`]: interval.estimate,
        [`arm.${arm.name}.p99OverP50.ci95.low`]: interval.low,
        [`arm.${arm.name}.p99OverP50.ci95.high`]: interval.high,
        ...(outlying.length === 0 ? {} : { [`arm.${arm.name}.p99OverP50.outlying`]: outlying.join(', ') }),
      },
    },
  )
}

const PERCENTILES = { 'p50 latency': 50, 'p95 latency': 95, 'p99 latency': 99 } as const satisfies Record<
  string,
  Percentile
>

/** `in`: the latency that must stay below the limit. */
export interface Below {
  readonly in: keyof typeof PERCENTILES
}

/** `widest`: the widest interval that passes, as a share of its estimate. */
interface ResolvedBelow extends Below {
  readonly widest?: number
}

export const belowStatement = (arm: ArmNamed, limit: string, { in: quantity }: Below): string =>
  `${arm.name} ${quantity} stays below ${limit}`

/** Throws EXPECTATION_INVALID for a limit that is not a time, or when a round has too few iterations for the percentile. */
export async function judgeBelow(arm: Arm, limit: string, options: ResolvedBelow): Promise<Expectation> {
  const atMost = readLimit('toStayBelow', limit, {
    parse: parseTime,
    holds: (value) => value > 0,
    expected: 'a time above 0, such as "45 ms"',
  })
  const percentile = PERCENTILES[options.in]
  const decision = await decide(
    arm.comparison,
    (rounds, level) => percentileInterval(samplesOf(arm, rounds), percentile, level),
    { atMost, ...(options.widest === undefined ? {} : { widest: options.widest }) },
  )
  const { interval } = decision
  const name = `arm.${arm.name}.latency.p${percentile}.seconds`
  return expectationOf(decision, {
    statement: belowStatement(arm, limit, options),
    limit: `≤ ${formatTime(atMost)}`,
    measured: formatTime(seconds(interval.estimate)),
    arms: [arm],
    unit: 's',
    properties: {
      [`${name}.estimate`]: interval.estimate,
      [`${name}.ci95.low`]: interval.low,
      [`${name}.ci95.high`]: interval.high,
    },
  })
}

/** `within`: how much longer or shorter the iterations of the last third may take than those of the first third. */
export interface Steady {
  readonly within: string
}

export const steadyStatement = (arm: ArmNamed, { within }: Steady): string =>
  `${arm.name} latency changes by at most ${within} from the beginning to the end of the arm`

/** Detects throttling and an incomplete warm-up. Throws EXPECTATION_INVALID for a limit outside 0 % to 100 %. */
export async function judgeSteady(arm: Arm, limit: Steady): Promise<Expectation> {
  const within = readLimit('toBeSteady { within }', limit.within, {
    parse: parsePercent,
    holds: (value) => value > 0 && value < 1,
    expected: 'a share between 0 % and 100 %, such as "5 %"',
  })
  const decision = await decide(
    arm.comparison,
    (rounds, level) => driftInterval(samplesOf(arm, rounds), level),
    { atLeast: 1 - within, atMost: 1 + within },
  )
  const { interval } = decision
  const change = interval.estimate - 1
  return expectationOf(decision, {
    statement: steadyStatement(arm, limit),
    limit: `≤ ${limit.within} longer or shorter`,
    measured: `${formatPercent(Math.abs(change))} ${change < 0 ? 'shorter' : 'longer'}`,
    arms: [arm],
    properties: {
      [`arm.${arm.name}.drift`]: interval.estimate,
      [`arm.${arm.name}.drift.ci95.low`]: interval.low,
      [`arm.${arm.name}.drift.ci95.high`]: interval.high,
    },
  })
}

const samplesOf = (arm: Arm, rounds: readonly Round[]): readonly (readonly number[])[] =>
  arm.of(rounds).map(({ outcome }) => outcome.result.samples_seconds)
