/**
 * Waivers, which let an expectation fail until a date without failing its test, and the warn tier. Neither changes a verdict:
 * a waived expectation is still reported as failed.
 */
import { z } from 'zod'
import { ERROR_CATALOGUE } from '../core/errors.ts'
import { nearest } from '../core/nearest.ts'
import { readYamlFile } from '../core/yaml-file.ts'
import type { Expectation, Tier, Verdict } from './expectation.ts'

const nonEmpty = (what: string) =>
  z
    .string({ error: `expected ${what}` })
    .trim()
    .min(1, `expected ${what}`)

const waiverSchema = z.strictObject({
  /** As it appears in reports: `aligned bandwidth is at least 1.3x unaligned`. */
  statement: nonEmpty('the statement of an expectation, as it appears in reports'),
  /** `suite > test`; absent: in any test. */
  test: nonEmpty('a test, as "suite > test"').optional(),
  /** Absent: on any SKU. */
  sku: nonEmpty('the name of a SKU').optional(),
  reason: nonEmpty('the reason for the waiver, which reports show'),
  /** Its last day, in UTC. */
  until: z.iso.date({
    error: 'expected its last day, such as until: 2027-01-31; a waiver without an end is not accepted',
  }),
})

type Entry = Readonly<z.infer<typeof waiverSchema>>

const waiversSchema = z
  .strictObject({ schema: z.literal('claimcheck.waivers/1'), waivers: z.array(waiverSchema) })
  .superRefine(({ waivers }, context) => {
    const keys = waivers.map(({ statement, test, sku }) => JSON.stringify([statement, test, sku]))
    keys.forEach((key, index) => {
      const first = keys.indexOf(key)
      if (first === index) return
      const message = `waives the same as waivers[${first}]; keep one`
      context.addIssue({ code: 'custom', path: ['waivers', index], message })
    })
  })

export interface Waiver extends Entry {
  /** `waivers.yaml, waivers[0]` */
  readonly at: string
  readonly expired: boolean
}

/** Throws FILE_UNREADABLE, or FILE_INVALID with line and column. */
export function loadWaivers(path: string, today: Date): readonly Waiver[] {
  const day = today.toISOString().slice(0, 10)
  return readYamlFile(path, waiversSchema).waivers.map((waiver, index) => ({
    ...waiver,
    at: `${path}, waivers[${index}]`,
    expired: waiver.until < day,
  }))
}

export interface WaiverContext {
  /** `suite > test` */
  readonly test: string
  readonly sku: string | undefined
  readonly tier: Tier | undefined
  readonly waivers: readonly Waiver[]
}

/** Returns the expectation with its tier and the waiver that matches it, in force or expired. */
export function applyWaiver(
  expectation: Expectation,
  { test, sku, tier, waivers }: WaiverContext,
): Expectation {
  const matching = waivers.filter(
    (one) =>
      one.statement === expectation.statement &&
      (one.test === undefined || one.test === test) &&
      (one.sku === undefined || one.sku === sku),
  )
  const waiver = matching.find(({ expired }) => !expired) ?? matching[0]
  return {
    ...expectation,
    ...(tier === undefined ? {} : { tier }),
    ...(waiver === undefined
      ? {}
      : {
          waiver: { reason: waiver.reason, until: waiver.until, expired: waiver.expired, at: waiver.at },
        }),
  }
}

/** Errors of the input, the machine or claimcheck itself are not what was waived. */
const isWaivable = ({ code }: Expectation): boolean =>
  code === undefined || ['hardware', 'cluster'].includes(ERROR_CATALOGUE[code].category)

/** True when a failure of the expectation fails its test. */
export const isGating = (expectation: Expectation): boolean => {
  const { tier, waiver } = expectation
  const excused = tier === 'warn' || (waiver !== undefined && !waiver.expired)
  return !(excused && isWaivable(expectation))
}

/** The verdict of a test; `waived` or `warned` when all expectations that did not pass are excused. */
export function overallVerdict(expectations: readonly Expectation[]): Verdict | 'waived' | 'warned' {
  const unmet = expectations.filter((one) => one.verdict !== 'passed')
  const gating = unmet.filter(isGating)
  if (gating.some((one) => one.verdict === 'failed')) return 'failed'
  if (gating.length > 0) return 'inconclusive'
  if (unmet.length === 0) return 'passed'
  return unmet.some((one) => one.waiver !== undefined) ? 'waived' : 'warned'
}

/** Reports waivers that match no expectation or whose expectation passes, as sentences. `waivers`: those in force. */
export function unusedWaivers(
  waivers: readonly Waiver[],
  expectations: readonly Expectation[],
): readonly string[] {
  const statements = [...new Set(expectations.map(({ statement }) => statement))]
  return waivers.flatMap(({ at, statement }) => {
    const own = expectations.filter(({ waiver }) => waiver?.at === at)
    if (own.some(({ verdict }) => verdict !== 'passed')) return []
    if (own.length > 0) return [`${at} is not needed: "${statement}" passes. Remove it.`]
    const near = statements.includes(statement) ? undefined : nearest(statement, statements)
    const advice = near === undefined ? '' : `; did you mean "${near}"?`
    return [`${at} matches no expectation of this run: "${statement}"${advice}`]
  })
}
