/** Judges bandwidth and latency of one arm against another arm, and against the SKU's reference. */
import { median } from 'simple-statistics'
import { formatBytes, formatPercent, parsePercent } from '../core/units.ts'
import { absoluteInterval, ratioInterval, type Interval } from '../measure/interval.ts'
import { armOf, type Round } from '../measure/round.ts'
import { isSize } from '../sku/stated-figures.ts'
import {
  METRICS,
  requireSameComparison,
  type Arm,
  type ArmReference,
  type Metric,
  type ArmNamed,
} from './arm.ts'
import { formatInterval, type Expectation } from './expectation.ts'
import { expectationOf, formatFigure, invalidLimit, readLimit } from './format-figures.ts'
import { decide, type Limits } from './sequential-decision.ts'

/** `by`: the minimum ratio; 1.3 means 1.3 times the other arm's bandwidth. */
export interface Outperform {
  readonly by: number
  /** Default: `bandwidth`. */
  readonly in?: 'bandwidth'
}

/** `by`: the minimum reduction; `20 %` means at most 0.8 of the other arm's latency. */
export interface Undercut {
  readonly by: string
  readonly in: 'mean latency' | 'p50 latency'
}

export const outperformStatement = (
  arm: ArmNamed,
  other: ArmNamed,
  { by, in: quantity = 'bandwidth' }: Outperform,
): string => `${arm.name} ${quantity} is at least ${by}x ${other.name}`

/** Throws EXPECTATION_INVALID for a ratio that is not above 0, or arms that were not measured together. */
export async function judgeOutperform(arm: Arm, other: Arm, options: Outperform): Promise<Expectation> {
  if (!(options.by > 0 && Number.isFinite(options.by)))
    throw invalidLimit('toOutperform { by }', 'a ratio greater than 0, such as 1.3', String(options.by))
  const limits = { atLeast: options.by }
  return judgeRatio(
    arm,
    other,
    options.in ?? 'bandwidth',
    limits,
    outperformStatement(arm, other, options),
    `≥ ${options.by}x`,
  )
}

export const undercutStatement = (arm: ArmNamed, other: ArmNamed, { by, in: quantity }: Undercut): string =>
  `${arm.name} ${quantity} is at least ${by} lower than ${other.name}`

/** Throws EXPECTATION_INVALID for a reduction outside 0 % to 100 %, or arms that were not measured together. */
export async function judgeUndercut(arm: Arm, other: Arm, options: Undercut): Promise<Expectation> {
  const share = readLimit('toUndercut { by }', options.by, {
    parse: parsePercent,
    holds: (value) => value > 0 && value < 1,
    expected: 'a reduction between 0 % and 100 %, such as "20 %"',
  })
  const limits = { atMost: 1 - share }
  const limit = `≤ ${(1 - share).toFixed(2)}x`
  return judgeRatio(arm, other, options.in, limits, undercutStatement(arm, other, options), limit)
}

async function judgeRatio(
  arm: Arm,
  other: Arm,
  quantity: Metric,
  limits: Limits,
  statement: string,
  limit: string,
): Promise<Expectation> {
  requireSameComparison(arm, other)
  const { of, unit } = METRICS[quantity]
  const estimate = (rounds: readonly Round[], level: number): Interval =>
    ratioInterval(
      rounds.map((round) => [of(armOf(round.arms, arm.name)), of(armOf(round.arms, other.name))] as const),
      level,
    )
  const decision = await decide(arm.comparison, estimate, limits)
  const { interval, rounds } = decision
  const [near, far] = [arm, other].map((one) => formatFigure(median(one.of(rounds).map(of)), unit))
  return expectationOf(decision, {
    statement,
    limit,
    measured: `${interval.estimate.toFixed(3)}x`,
    detail: `${near} to ${far}`,
    arms: [arm, other],
    properties: {
      ratio: interval.estimate,
      'ratio.ci95.low': interval.low,
      'ratio.ci95.high': interval.high,
      'ratio.of': quantity,
    },
  })
}

/** What a reference can state, with the metric that is held against it. */
const REFERENCE_METRICS = {
  bandwidth: 'bandwidth',
  latency: 'mean latency',
  p50Latency: 'p50 latency',
} as const satisfies Record<keyof ArmReference, Metric>

type Figure = NonNullable<ArmReference['bandwidth'] | ArmReference['latency']>

const figuresIn = (reference: ArmReference): readonly (readonly [keyof ArmReference, Figure])[] =>
  (['bandwidth', 'latency', 'p50Latency'] as const).flatMap((key) => {
    const figure = reference[key]
    return figure === undefined ? [] : [[key, figure] as const]
  })

/** One expectation for each figure of the reference. Throws EXPECTATION_INVALID for an impossible reference. */
export async function judgeWithin(arm: Arm, reference: ArmReference): Promise<readonly Expectation[]> {
  requireReference(arm, reference)
  const judged: Expectation[] = []
  for (const [key, figure] of figuresIn(reference))
    judged.push(await judgeBounds(arm, REFERENCE_METRICS[key], figure))
  return judged
}

/** Measures what a reference would state, where there is none. */
export async function judgeUnstated(
  arm: Arm,
  { why, in: quantity }: { readonly why: string; readonly in?: 'p50 latency' },
): Promise<readonly Expectation[]> {
  if (quantity !== undefined) return [await measureUnstated(arm, quantity, why)]
  return [await measureUnstated(arm, 'bandwidth', why), await measureUnstated(arm, 'mean latency', why)]
}

async function measureUnstated(arm: Arm, quantity: Metric, why: string): Promise<Expectation> {
  const { of, unit } = METRICS[quantity]
  const decision = await decide(
    arm.comparison,
    (rounds, level) => absoluteInterval(arm.of(rounds).map(of), level),
    {},
  )
  const measured = formatFigure(decision.interval.estimate, unit)
  const interval = { ...decision.interval, unit }
  const undecided = {
    verdict: 'inconclusive' as const,
    code: 'NO_REFERENCE' as const,
    reasons: [
      `${why}; measured ${measured} ${formatInterval(interval)}. Run \`npx claimcheck baseline\` with this suite to propose one.`,
    ],
  }
  return expectationOf(
    { ...decision, ...(decision.verdict === 'passed' ? undecided : {}) },
    { statement: withinStatement(arm, quantity), limit: 'not stated', measured, arms: [arm], unit },
  )
}

export const withinStatement = (arm: ArmNamed, quantity: Metric): string =>
  `${arm.name} ${quantity} lies within the SKU's bounds`

const PROPERTIES = {
  bandwidth: 'bandwidth.GBps',
  'mean latency': 'latency.mean.seconds',
  'p50 latency': 'latency.p50.seconds',
} as const satisfies Record<Metric, string>

async function judgeBounds(arm: Arm, quantity: Metric, { value, bounds }: Figure): Promise<Expectation> {
  const { of, unit } = METRICS[quantity]
  const [atLeast, atMost] = [value * (1 + bounds.lower), value * (1 + bounds.upper)]
  const estimate = (rounds: readonly Round[], level: number): Interval =>
    absoluteInterval(arm.of(rounds).map(of), level)
  const decision = await decide(arm.comparison, estimate, { atLeast, atMost })
  const name = `arm.${arm.name}.${PROPERTIES[quantity]}`
  return expectationOf(decision, {
    statement: withinStatement(arm, quantity),
    limit: `${formatFigure(atLeast, unit).split(' ')[0]} to ${formatFigure(atMost, unit)}`,
    detail: `SKU ${formatFigure(value, unit)}`,
    measured: formatFigure(decision.interval.estimate, unit),
    arms: [arm],
    unit,
    properties: {
      [`${name}.ci95.low`]: decision.interval.low,
      [`${name}.ci95.high`]: decision.interval.high,
      [`${name}.limit.low`]: atLeast,
      [`${name}.limit.high`]: atMost,
    },
  })
}

/** The mean latency is the size divided by the bandwidth; GiB/s mistaken for GB/s differ by 7 %. */
function requireReference(arm: Arm, reference: ArmReference): void {
  for (const [name, { value, bounds }] of figuresIn(reference)) {
    const where = `reference.${arm.name}.${name}`
    if (!(value > 0 && Number.isFinite(value)))
      throw invalidLimit(`${where}.value`, 'a figure above 0', String(value))
    if (!(bounds.lower <= 0 && bounds.lower > -1))
      throw invalidLimit(
        `${where}.bounds.lower`,
        'a share from above -100 % to 0 %',
        signedPercent(bounds.lower),
      )
    if (!(bounds.upper >= 0 && Number.isFinite(bounds.upper)))
      throw invalidLimit(`${where}.bounds.upper`, 'a share of 0 % or above', signedPercent(bounds.upper))
  }
  const { bandwidth, latency } = reference
  if (bandwidth === undefined || latency === undefined) return
  const { size } = arm
  const implied = bandwidth.value * 1e9 * latency.value
  if (isSize(implied, size)) return
  throw invalidLimit(
    `reference.${arm.name}`,
    `bandwidth times latency to be the size of the transfer, ${formatBytes(size)}`,
    `${formatFigure(bandwidth.value, 'GB/s')} and ${formatFigure(latency.value, 's')}, which is ${(implied / size).toFixed(3)} times that: a reference of another size, or GiB/s taken for GB/s`,
  )
}

const signedPercent = (share: number): string => `${share > 0 ? '+' : ''}${formatPercent(share)}`
