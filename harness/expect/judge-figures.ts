/** Judges figures: one arm against the other, against the SKU's reference, and against itself over time. */
import { median } from 'simple-statistics'
import { ClaimcheckError } from '../core/errors.ts'
import {
  formatPercent,
  formatRate,
  formatTime,
  gigabytesPerSecond,
  parsePercent,
  seconds,
} from '../core/units.ts'
import { meanInterval, ratioInterval, type Interval } from '../measure/interval.ts'
import type { Round } from '../measure/comparison.ts'
import { QUANTITIES, requireSameComparison, type Arm, type ArmReference, type Quantity } from './arm.ts'
import { slowPaths } from './cause.ts'
import type { Expectation } from './expectation.ts'
import { decide } from './sequential.ts'

/** `by` is the least ratio: 1.3 asks for 1.3 times the other arm's bandwidth. */
export interface Outperform {
  readonly by: number
  readonly in: 'bandwidth'
}

/** `by` is the least reduction: `20 %` asks for at most 0.8 of the other arm's latency. */
export interface Undercut {
  readonly by: string
  readonly in: 'mean latency' | 'p50 latency'
}

export const outperformStatement = (arm: Arm, other: Arm, { by, in: quantity }: Outperform): string =>
  `${arm.name} ${quantity} is at least ${by}x ${other.name}`

export async function judgeOutperform(arm: Arm, other: Arm, ask: Outperform): Promise<Expectation> {
  if (!(ask.by > 0)) throw invalidLimit('toOutperform', 'by', 'a ratio greater than 0', String(ask.by))
  return judgeRatio(
    arm,
    other,
    ask.in,
    { atLeast: ask.by },
    outperformStatement(arm, other, ask),
    `at least ${ask.by}x`,
  )
}

export const undercutStatement = (arm: Arm, other: Arm, { by, in: quantity }: Undercut): string =>
  `${arm.name} ${quantity} is at least ${by} lower than ${other.name}`

export async function judgeUndercut(arm: Arm, other: Arm, ask: Undercut): Promise<Expectation> {
  const share = parsePercent(ask.by)
  if (!(share > 0 && share < 1))
    throw invalidLimit('toUndercut', 'by', 'a share between 0 % and 100 %', ask.by)
  return judgeRatio(
    arm,
    other,
    ask.in,
    { atMost: 1 - share },
    undercutStatement(arm, other, ask),
    `at most ${(1 - share).toFixed(2)}x`,
  )
}

async function judgeRatio(
  arm: Arm,
  other: Arm,
  quantity: Quantity,
  limits: { atLeast?: number; atMost?: number },
  statement: string,
  limit: string,
): Promise<Expectation> {
  requireSameComparison(arm, other)
  const { of, unit } = QUANTITIES[quantity]
  const estimate = (rounds: readonly Round[], level: number): Interval =>
    ratioInterval(
      rounds.map((round) => [of(round[arm.name]), of(round[other.name])] as const),
      level,
    )
  const { verdict, code, reasons, interval, rounds } = await decide(arm.comparison, estimate, limits)
  const show = (one: Arm): string => figure(median(one.of(rounds).map(of)), unit)
  return {
    statement,
    verdict,
    ...(code === undefined ? {} : { code }),
    reasons:
      verdict === 'failed'
        ? [...reasons, ...slowPaths(arm.of(rounds)), ...slowPaths(other.of(rounds))]
        : reasons,
    measured: `${interval.estimate.toFixed(3)}x (${show(arm)} against ${show(other)})`,
    limit,
    interval: { ...interval, unit: 'x' },
    properties: {
      ...armProperties(arm, rounds),
      ...armProperties(other, rounds),
      ratio: interval.estimate,
      'ratio.ci95.low': interval.low,
      'ratio.ci95.high': interval.high,
      'ratio.of': quantity,
      rounds: rounds.length,
    },
    emulated: arm.emulated,
  }
}

export async function judgeWithin(arm: Arm, reference: ArmReference): Promise<readonly Expectation[]> {
  const one = async (
    quantity: 'bandwidth' | 'mean latency',
    { value, bounds }: ArmReference['bandwidth'] | ArmReference['latency'],
  ): Promise<Expectation> => {
    const { of, unit } = QUANTITIES[quantity]
    const [atLeast, atMost] = [value * (1 + bounds.lower), value * (1 + bounds.upper)]
    const { verdict, code, reasons, interval, rounds } = await decide(
      arm.comparison,
      (all, level) => meanInterval(arm.of(all).map(of), level),
      { atLeast, atMost },
    )
    const name = unit === 'GB/s' ? 'bandwidth.GBps' : 'latency.mean.seconds'
    return {
      statement: withinStatement(arm, quantity),
      verdict,
      ...(code === undefined ? {} : { code }),
      reasons: verdict === 'failed' ? [...reasons, ...slowPaths(arm.of(rounds))] : reasons,
      measured: figure(interval.estimate, unit),
      limit: `${figure(value, unit)} ${signedPercent(bounds.lower)} to ${signedPercent(bounds.upper)}: ${figure(atLeast, unit)} to ${figure(atMost, unit)}`,
      interval: { ...interval, unit },
      properties: {
        ...armProperties(arm, rounds),
        [`arm.${arm.name}.${name}.ci95.low`]: interval.low,
        [`arm.${arm.name}.${name}.ci95.high`]: interval.high,
        [`arm.${arm.name}.${name}.limit.low`]: atLeast,
        [`arm.${arm.name}.${name}.limit.high`]: atMost,
        rounds: rounds.length,
      },
      emulated: arm.emulated,
    }
  }
  return [await one('bandwidth', reference.bandwidth), await one('mean latency', reference.latency)]
}

export const withinStatement = (arm: Arm, quantity: Quantity): string =>
  `${arm.name} ${quantity} lies within the SKU's bounds`

/** p99 / p50 of each round; the median over the rounds is held against the limit, so that one disturbed round is outvoted. */
export async function judgeStable(
  arm: Arm,
  { p99OverP50 }: { readonly p99OverP50: number },
): Promise<Expectation> {
  const tail = (round: Round): number => round[arm.name].latency.p99 / round[arm.name].latency.p50
  const typical = (all: readonly Round[], level: number): Interval => {
    const estimate = median(all.map(tail))
    return { estimate, low: estimate, high: estimate, level, rounds: all.length }
  }
  const { verdict, code, reasons, interval, rounds } = await decide(arm.comparison, typical, {
    atMost: p99OverP50,
  })
  return {
    statement: stableStatement(arm),
    verdict,
    ...(code === undefined ? {} : { code }),
    reasons,
    measured: `${interval.estimate.toFixed(3)} (rounds: ${rounds.map((round) => tail(round).toFixed(2)).join(', ')})`,
    limit: `at most ${p99OverP50}`,
    properties: {
      ...armProperties(arm, rounds),
      [`arm.${arm.name}.p99OverP50`]: interval.estimate,
      rounds: rounds.length,
    },
    emulated: arm.emulated,
  }
}

export const stableStatement = (arm: Arm): string => `${arm.name} p99 / p50 latency is within the SKU's bound`

function armProperties(arm: Arm, rounds: readonly Round[]): Record<string, number> {
  const own = arm.of(rounds)
  const middle = (of: (round: (typeof own)[number]) => number): number => median(own.map(of))
  return {
    [`arm.${arm.name}.bandwidth.GBps`]: middle((round) => round.bandwidth),
    [`arm.${arm.name}.latency.mean.seconds`]: middle((round) => round.latency.mean),
    [`arm.${arm.name}.latency.min.seconds`]: middle((round) => round.latency.min),
    [`arm.${arm.name}.latency.p50.seconds`]: middle((round) => round.latency.p50),
    [`arm.${arm.name}.latency.p95.seconds`]: middle((round) => round.latency.p95),
    [`arm.${arm.name}.latency.p99.seconds`]: middle((round) => round.latency.p99),
  }
}

const figure = (value: number, unit: 'GB/s' | 's'): string =>
  unit === 's' ? formatTime(seconds(value)) : formatRate(gigabytesPerSecond(value))
const signedPercent = (share: number): string => `${share > 0 ? '+' : ''}${formatPercent(share)}`

function invalidLimit(matcher: string, option: string, expected: string, found: string): ClaimcheckError {
  return new ClaimcheckError('EXPECTATION_INVALID', {
    subject: `${matcher} { ${option} }`,
    problem: 'is no limit',
    expected,
    found,
  })
}
