/**
 * The outcome of one expectation: the statement, the verdict and the figures behind it. JSON values only, since it passes from
 * the worker to the reports. `failed` means that the hardware did not meet it, `inconclusive` that this is not known.
 */
import type { ClaimcheckError, ErrorCode } from '../core/errors.ts'
import type { ReplayInfo } from './assertion-spec.ts'
import { formatRate, formatTime, gigabytesPerSecond, seconds } from '../core/units.ts'

export type Verdict = 'passed' | 'failed' | 'inconclusive'

export interface ReportedInterval {
  readonly estimate: number
  readonly low: number
  readonly high: number
  readonly level: number
  readonly rounds: number
  readonly unit: 'x' | 'GB/s' | 's'
}

export interface Expectation {
  /** Set when a test records it; unique within that test. */
  readonly id?: string
  /** A sentence with its limit: `aligned bandwidth is at least 1.3x unaligned`. */
  readonly statement: string
  readonly verdict: Verdict
  /** Set unless passed. */
  readonly code?: ErrorCode
  /** The reasons why it did not pass and what to check, one line each. */
  readonly reasons: readonly string[]
  /** Formatted for reading: `1.42x`, `4 of 4 NICs`. */
  readonly measured: string
  /** How the measured value is composed: `38.91 GB/s to 27.45 GB/s`. */
  readonly detail?: string
  readonly limit: string
  readonly interval?: ReportedInterval
  /** Machine-readable; become properties of the JUnit testcase. */
  readonly properties: Readonly<Record<string, string | number | boolean>>
  readonly emulated: boolean
  /** The nodes that it is about; present where a comparison has several pairs of nodes, or several nodes. */
  readonly nodes?: readonly string[]
  /** Present where the buffers were in host memory: the figure is the fabric's, without GPUs. */
  readonly memory?: 'host'
  /** How to reproduce it from the evidence; absent when the assertion was invalid. */
  readonly basis?: ReplayInfo
  readonly tier?: Tier
  /** The waiver that names this expectation, in force or expired. */
  readonly waiver?: AppliedWaiver
}

/** `warn`: a failure is shown and does not fail the test. */
export type Tier = 'warn'

interface AppliedWaiver {
  readonly reason: string
  /** The last day on which it applies, in UTC. */
  readonly until: string
  readonly expired: boolean
  /** File and index of the waiver. */
  readonly at: string
}

/** An expectation that could not be judged because of `error`. */
export function inconclusiveExpectation(
  statement: string,
  limit: string,
  error: ClaimcheckError,
  emulated: boolean,
): Expectation {
  return {
    statement,
    verdict: 'inconclusive',
    code: error.code,
    reasons: [error.message],
    measured: 'nothing',
    limit,
    properties: {},
    emulated,
  }
}

/** Expectations of one statement that passed on several nodes or pairs of nodes, for a line that stands for all of them. */
export interface PassedTogether {
  /** Without the names of nodes. */
  readonly statement: string
  readonly expectations: readonly Expectation[]
}

/** Divides the expectations of a test: those that passed with the same statement on several nodes are kept together. */
export function togetherWherePassed(
  expectations: readonly Expectation[],
): readonly (Expectation | PassedTogether)[] {
  const groups = Map.groupBy(expectations, (one) =>
    one.nodes === undefined || one.verdict !== 'passed' || one.waiver !== undefined
      ? one
      : withoutNodes(one.statement, one.nodes),
  )
  return [...groups].flatMap(([key, all]): readonly (Expectation | PassedTogether)[] =>
    typeof key === 'string' && all.length > 1 ? [{ statement: key, expectations: all }] : all,
  )
}

const withoutNodes = (statement: string, nodes: readonly string[]): string =>
  statement.replace(`${nodes.join(' and ')}: `, '')

/** The expectation under `.not`; one that is inconclusive stays inconclusive. */
export function negated(expectation: Expectation): Expectation {
  if (expectation.verdict === 'inconclusive') return expectation
  const { code: _, ...rest } = expectation
  const statement = `not: ${expectation.statement}`
  return expectation.verdict === 'passed'
    ? { ...rest, statement, verdict: 'failed', code: 'EXPECTATION_FAILED' }
    : { ...rest, statement, verdict: 'passed' }
}

/** `aligned bandwidth is at least 1.3x unaligned: failed (EXPECTATION_FAILED)` */
const headline = ({ statement, verdict, code }: Expectation): string =>
  `${statement}: ${verdict}${code === undefined ? '' : ` (${code})`}`

/** The figures of an expectation as phrases, each readable by itself; fewer for one that passed. */
export function factsOf({
  verdict,
  measured,
  detail,
  limit,
  interval,
  emulated,
  memory,
}: Expectation): readonly string[] {
  const full = verdict !== 'passed'
  return [
    interval === undefined ? measured : `${measured} ${formatInterval(interval)}`,
    ...(full && detail !== undefined ? [detail] : []),
    `limit ${limit}`,
    ...(full && interval !== undefined ? [`${interval.rounds} rounds`] : []),
    ...(memory === 'host' ? ['host memory'] : []),
    ...(emulated ? ['EMULATED'] : []),
  ]
}

export const failureText = (expectation: Expectation): string =>
  [
    headline(expectation),
    factsOf(expectation).join(', '),
    ...expectation.reasons,
    toleranceOf(expectation) ?? [],
  ]
    .flat()
    .join('\n  ')

/** Describes the waiver or tier of an expectation; undefined when there is none to mention. */
export function toleranceOf(expectation: Expectation): string | undefined {
  const { verdict, tier, waiver } = expectation
  const met = verdict === 'passed'
  if (waiver !== undefined) {
    const { reason, until, expired, at } = waiver
    if (expired) return `its waiver expired on ${until} (${at}): ${reason}`
    return met ? `passed although waived until ${until} (${at})` : `waived until ${until}: ${reason}`
  }
  return tier === 'warn' && !met ? 'a warning: it does not fail the test' : undefined
}

/** `[1.404, 1.433]`, in the unit of the measured value. The confidence level is 95 % over all looks together. */
export function formatInterval({ estimate, low, high, unit }: ReportedInterval): string {
  if (unit === 'x') return `[${low.toFixed(3)}, ${high.toFixed(3)}]`
  return `[${formatRange(low, high, (value) => (unit === 's' ? timeLike(value, estimate) : formatRate(gigabytesPerSecond(value))))}]`
}

/** `34.31, 44.45`: both values without the unit they share. */
function formatRange(low: number, high: number, show: (value: number) => string): string {
  return [low, high].map((value) => show(value).split(' ')[0]).join(', ')
}

/** A time in the unit in which `model` is formatted. */
function timeLike(value: number, model: number): string {
  const unit = formatTime(seconds(model)).split(' ')[1]
  const factor = { µs: 1e6, ms: 1e3 }[unit ?? ''] ?? 1
  return (value * factor).toPrecision(4)
}
