/** Recomputes the label of a test from its expectations: its verdict, its waivers and its tier. */
import { overallVerdict } from '../expect/waiver.ts'
import type { Certificate, CertifiedExpectation } from './certificate.ts'

type Test = Certificate['tests'][number]

/** The days of the run, `2026-11-25`. */
export interface RunDays {
  readonly first: string
  readonly last: string
}

export const daysOf = ({
  startedAt,
  finishedAt,
}: Pick<Certificate, 'startedAt' | 'finishedAt'>): RunDays => ({
  first: startedAt.slice(0, 10),
  last: finishedAt.slice(0, 10),
})

/** Sentences, empty when the test is labelled as its expectations are. */
export function faultsOfTest({ verdict, expectations }: Test, days: RunDays): readonly string[] {
  if (verdict === 'skipped')
    return expectations.length === 0
      ? []
      : [
          `it is labelled as skipped, but has ${expectations.length} expectations, which give ${overallVerdict(expectations)}`,
        ]
  if (expectations.length === 0) return ['it has no expectation']
  const own = overallVerdict(expectations)
  return [
    ...(own === verdict ? [] : [`its expectations give ${own}`]),
    ...expectations.flatMap((one) => waiverFault(one, days)),
    ...tierFaults(expectations),
    ...idFaults(expectations),
  ]
}

function waiverFault(
  { statement, waiver }: CertifiedExpectation,
  { first, last }: RunDays,
): readonly string[] {
  if (waiver === undefined) return []
  const { until, expired } = waiver
  if (!/^\d{4}-\d\d-\d\d$/.test(until)) return [`the waiver of "${statement}" ends on no date: ${until}`]
  // A run that crosses midnight evaluates its waivers on either day.
  if ([first, last].some((day) => until < day === expired)) return []
  return [
    expired
      ? `the waiver of "${statement}" until ${until} is marked as expired, but the run was on ${first}`
      : `the waiver of "${statement}" expired on ${until}, but is marked as in force on ${first}`,
  ]
}

/** A tier is that of a whole test. */
const tierFaults = (expectations: readonly CertifiedExpectation[]): readonly string[] =>
  new Set(expectations.map(({ tier }) => tier)).size > 1
    ? ['some of its expectations are in the warn tier, and some are not']
    : []

/** Expectations are numbered from 1. Those of claimcheck 0.1.0 are not numbered. */
function idFaults(expectations: readonly CertifiedExpectation[]): readonly string[] {
  if (expectations.every(({ id }) => id === undefined)) return []
  const missing = expectations.findIndex(({ id }, index) => id !== String(index + 1))
  return missing === -1 ? [] : [`expectation ${missing + 1} is missing`]
}
