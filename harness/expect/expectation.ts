/**
 * The outcome of one expectation: the statement, the verdict and the numbers it rests on. JSON throughout, since it
 * travels from the test to the reports. Three verdicts, never mixed: the hardware broke it is not we cannot tell.
 */
import { ClaimcheckError, type ErrorCode } from '../core/errors.ts'

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
  /** A sentence with its limit: `aligned bandwidth is at least 1.3x unaligned`. */
  readonly statement: string
  readonly verdict: Verdict
  /** Set unless passed. */
  readonly code?: ErrorCode
  /** Why it is not passed and where to look, one line each. */
  readonly reasons: readonly string[]
  /** For people: `1.42x`, `4 of 4 NICs`. */
  readonly measured: string
  readonly limit: string
  readonly interval?: ReportedInterval
  /** For machines; become properties of the JUnit testcase. */
  readonly properties: Readonly<Record<string, string | number | boolean>>
  readonly emulated: boolean
}

/** The expectation that could not be judged because `error` came before any figure. */
export function unjudged(
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

export function failureText(expectation: Expectation): string {
  const { statement, measured, limit, interval, reasons, emulated, code } = expectation
  const range = interval && `${formatInterval(interval)}, ${interval.rounds} rounds`
  return [
    `${statement}: ${expectation.verdict}${code === undefined ? '' : ` (${code})`}`,
    `  measured ${measured}${emulated ? ' EMULATED' : ''}, limit ${limit}${range === undefined ? '' : `, ${range}`}`,
    ...reasons.map((reason) => `  ${reason}`),
  ].join('\n')
}

export function formatInterval({ low, high, level, unit }: ReportedInterval): string {
  // The level over all looks is 95 %; the single interval is wider to pay for the looks.
  const [from, to] = unit === 's' ? [low * 1e3, high * 1e3] : [low, high]
  const name = { x: 'x', 'GB/s': ' GB/s', s: ' ms' }[unit]
  return `95 % interval [${from.toFixed(digits(from))}${name}, ${to.toFixed(digits(to))}${name}]${level > 0.95 ? '' : ''}`
}

const digits = (value: number): number => (Math.abs(value) >= 100 ? 1 : Math.abs(value) >= 10 ? 2 : 3)
