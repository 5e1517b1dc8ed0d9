/**
 * Expectations that somebody lets through for a time: a waivers file, and the warn tier. Takes the file and a judged
 * expectation; gives it with what lets it through. Never changes a verdict: what is broken is still told as broken.
 */
import { z } from 'zod'
import { ERROR_CATALOGUE } from '../core/errors.ts'
import { nearest } from '../core/nearest.ts'
import { readYamlFile } from '../core/yaml-file.ts'
import type { Expectation, Tier, Verdict } from './expectation.ts'

const words = (what: string) =>
  z
    .string({ error: `expected ${what}` })
    .trim()
    .min(1, `expected ${what}`)

const waiverSchema = z.strictObject({
  /** As the reports write it: `aligned bandwidth is at least 1.3x unaligned`. */
  statement: words('the statement of an expectation, as the reports write it'),
  /** `suite > test`; absent: in any test. */
  test: words('a test, as "suite > test"').optional(),
  /** Absent: on any SKU. */
  sku: words('the name of a SKU').optional(),
  reason: words('why it is waived, for whoever reads the report'),
  /** The last day on which it holds, in UTC. */
  until: z.iso.date({
    error: 'expected the last day it holds, as until: 2027-01-31; a waiver without an end is not accepted',
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

/** The expectation with its tier and the waiver that is for it, in force or expired. */
export function applyWaiver(
  expectation: Expectation,
  { test, sku, tier, waivers }: WaiverContext,
): Expectation {
  const fitting = waivers.filter(
    (one) =>
      one.statement === expectation.statement &&
      (one.test === undefined || one.test === test) &&
      (one.sku === undefined || one.sku === sku),
  )
  const waiver = fitting.find(({ expired }) => !expired) ?? fitting[0]
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

/** A fault of the input, the machine or ours says nothing about what was waived. */
const isWaivable = ({ code }: Expectation): boolean =>
  code === undefined || ['hardware', 'cluster'].includes(ERROR_CATALOGUE[code].category)

/** Whether the expectation, if it is not met, keeps the test from passing. */
export const isGating = (expectation: Expectation): boolean => {
  const { tier, waiver } = expectation
  const excused = tier === 'warn' || (waiver !== undefined && !waiver.expired)
  return !(excused && isWaivable(expectation))
}

/** Of a test by its expectations; `waived` and `warned` where all that is not met is let through. */
export function overallVerdict(expectations: readonly Expectation[]): Verdict | 'waived' | 'warned' {
  const unmet = expectations.filter((one) => one.verdict !== 'passed')
  const gating = unmet.filter(isGating)
  if (gating.some((one) => one.verdict === 'failed')) return 'failed'
  if (gating.length > 0) return 'inconclusive'
  if (unmet.length === 0) return 'passed'
  return unmet.some((one) => one.waiver !== undefined) ? 'waived' : 'warned'
}

/** Waivers that are nobody's, or no longer needed, as sentences. `waivers`: those in force. */
export function unusedWaivers(
  waivers: readonly Waiver[],
  expectations: readonly Expectation[],
): readonly string[] {
  const statements = [...new Set(expectations.map(({ statement }) => statement))]
  return waivers.flatMap(({ at, statement }) => {
    const meant = expectations.filter(({ waiver }) => waiver?.at === at)
    if (meant.some(({ verdict }) => verdict !== 'passed')) return []
    if (meant.length > 0) return [`${at} is not needed: "${statement}" is met. Remove it.`]
    const near = statements.includes(statement) ? undefined : nearest(statement, statements)
    const advice = near === undefined ? '' : `; did you mean "${near}"?`
    return [`${at} matches no expectation of this run: "${statement}"${advice}`]
  })
}
