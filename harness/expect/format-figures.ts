/** Shared by all judges of figures: formats figures, lists the properties of arms, and validates limits. */
import { median } from 'simple-statistics'
import { asClaimcheckError, ClaimcheckError } from '../core/errors.ts'
import { formatRate, formatTime, gigabytesPerSecond, seconds } from '../core/units.ts'
import type { ArmRound } from '../measure/arm-round.ts'
import type { Arm } from './arm.ts'
import { misplacedNicHints, outlyingBandwidth, failureHints, noiseHints } from './failure-hints.ts'
import type { Expectation, ReportedInterval } from './expectation.ts'
import type { Decision } from './sequential-decision.ts'

export interface Figures {
  readonly statement: string
  readonly limit: string
  readonly measured: string
  readonly detail?: string
  /** The arms whose figures decide. */
  readonly arms: readonly [Arm, ...Arm[]]
  readonly unit?: ReportedInterval['unit']
  readonly properties?: Readonly<Record<string, string | number>>
}

/** Creates the expectation of a decision, with hints at the cause and every outlying round. */
export function expectationOf(
  { verdict, code, reasons, interval, rounds }: Decision,
  of: Figures,
): Expectation {
  const [near, far] = of.arms
  const hintsOf = verdict === 'failed' ? failureHints : code === 'TOO_NOISY' ? noiseHints : () => []
  return {
    statement: of.statement,
    verdict,
    ...(code === undefined ? {} : { code }),
    reasons: [
      ...reasons,
      ...of.arms.flatMap((arm) => hintsOf(arm.of(rounds))),
      ...(verdict === 'failed' && far !== undefined
        ? misplacedNicHints(near.of(rounds), far.of(rounds))
        : []),
      ...of.arms.flatMap((arm) => outlyingBandwidth(arm.of(rounds)).map(({ reason }) => reason)),
    ],
    measured: of.measured,
    ...(of.detail === undefined ? {} : { detail: of.detail }),
    limit: of.limit,
    interval: { ...interval, unit: of.unit ?? 'x' },
    properties: {
      ...Object.assign({}, ...of.arms.map((arm) => armProperties(arm.name, arm.of(rounds)))),
      ...of.properties,
      rounds: rounds.length,
    },
    emulated: of.arms[0].emulated,
    ...of.arms[0].memoryNote,
  }
}

function armProperties(arm: string, rounds: readonly ArmRound[]): Record<string, string | number> {
  const middle = (of: (round: ArmRound) => number): number => median(rounds.map(of))
  const outlying = outlyingBandwidth(rounds)
  return {
    [`arm.${arm}.bandwidth.GBps`]: middle((round) => round.bandwidth),
    [`arm.${arm}.latency.mean.seconds`]: middle((round) => round.latency.mean),
    [`arm.${arm}.latency.min.seconds`]: middle((round) => round.latency.min),
    [`arm.${arm}.latency.p50.seconds`]: middle((round) => round.latency.p50),
    [`arm.${arm}.latency.p95.seconds`]: middle((round) => round.latency.p95),
    [`arm.${arm}.latency.p99.seconds`]: middle((round) => round.latency.p99),
    ...(outlying.length === 0
      ? {}
      : { [`arm.${arm}.rounds.outlying`]: outlying.map(({ round }) => round + 1).join(', ') }),
  }
}

export const formatFigure = (value: number, unit: 'GB/s' | 's'): string =>
  unit === 's' ? formatTime(seconds(value)) : formatRate(gigabytesPerSecond(value))

/** Parses a limit of a suite. Throws EXPECTATION_INVALID, naming the matcher's option, unless it parses and `holds`. */
export function readLimit<Quantity extends number>(
  where: string,
  text: string,
  limit: {
    readonly parse: (text: string) => Quantity
    readonly holds: (value: Quantity) => boolean
    readonly expected: string
  },
): Quantity {
  try {
    const value = limit.parse(text)
    if (limit.holds(value)) return value
  } catch (error) {
    const cause = asClaimcheckError(error, where)
    throw invalidLimit(
      where,
      limit.expected,
      `"${text}", ${cause.found ?? 'a value that cannot be parsed'}`,
      cause,
    )
  }
  throw invalidLimit(where, limit.expected, `"${text}"`)
}

/** `where` names matcher and option: `toOutperform { by }`. */
export function invalidLimit(
  where: string,
  expected: string,
  found: string,
  cause?: unknown,
): ClaimcheckError {
  return new ClaimcheckError('EXPECTATION_INVALID', {
    subject: where,
    problem: 'is not a valid limit',
    expected,
    found,
    hint: 'Correct the suite or the SKU profile.',
    ...(cause === undefined ? {} : { cause }),
  })
}
