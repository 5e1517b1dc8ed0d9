/**
 * The summary of a run, for comparisons: where it ran, its verdicts, and the figures of every round. It is a few kilobytes
 * long and is one line of the history.
 */
import { z } from 'zod'
import { armName } from '../expect/arm-name.ts'
import { armsOf } from '../measure/round.ts'
import { environmentSchema } from '../report/run-report.ts'
import { certificateSchema, type Certificate } from './certificate.ts'
import { comparisonPlan, linkPlan, type Rounds } from './evidence-schema.ts'
import { roundsOf } from './recorded-rounds.ts'

const SUMMARY_SCHEMA = 'claimcheck.history/1'

const positive = z.number().gt(0)
const figures = z.strictObject({
  bandwidth: positive.describe('GB/s'),
  p50: positive.describe('seconds'),
  p99: positive.describe('seconds'),
})

/** By the names of the arms. */
const rounds = z.array(z.record(armName, figures))

const { tool, run, finishedAt, verdict, fingerprint, digest } = certificateSchema.shape

export const summarySchema = z.strictObject({
  schema: z.literal(SUMMARY_SCHEMA),
  tool,
  run,
  finishedAt,
  target: environmentSchema.shape.target,
  emulation: environmentSchema.shape.emulation,
  sku: z.strictObject({ name: z.string(), digest }),
  fingerprint,
  verdict,
  /** By test file, suites and name, joined with ` > `. */
  tests: z.record(z.string(), z.enum(['passed', 'waived', 'warned', 'failed', 'inconclusive', 'skipped'])),
  /** By test file and name. */
  comparisons: z.record(
    z.string(),
    z.union([
      comparisonPlan.omit({ name: true, firstRounds: true }).extend({ rounds }),
      linkPlan.omit({ name: true, firstRounds: true }).extend({ rounds }),
    ]),
  ),
  certificate: digest.describe("the certificate's digest"),
})

export type Summary = z.infer<typeof summarySchema>
export type ComparisonSummary = Summary['comparisons'][string]

export function summaryOf(certificate: Certificate): Summary {
  const { emulation, sku, evidence, tests } = certificate
  const comparisons = Object.entries(evidence).flatMap(([file, own]) =>
    Object.entries(own).flatMap(([name, one]) =>
      one.kind === 'rounds' ? [[`${file}: ${name}`, comparisonOf(one, certificate)] as const] : [],
    ),
  )
  return {
    schema: SUMMARY_SCHEMA,
    tool: certificate.tool,
    run: certificate.run,
    finishedAt: certificate.finishedAt,
    target: certificate.target,
    ...(emulation === undefined ? {} : { emulation }),
    sku: { name: sku.profile.name, digest: sku.digest },
    fingerprint: certificate.fingerprint,
    verdict: certificate.verdict,
    tests: Object.fromEntries(
      tests.map((test) => [[test.file, ...test.suite, test.name].join(' > '), test.verdict]),
    ),
    comparisons: Object.fromEntries(comparisons),
    certificate: certificate.digest,
  }
}

function comparisonOf(evidence: Rounds, certificate: Certificate): ComparisonSummary {
  const { name: _, firstRounds: __, ...plan } = evidence.plan
  const rounds = roundsOf(evidence, certificate).map((round) =>
    Object.fromEntries(
      armsOf(round.arms).map(({ arm, bandwidth, latency: { p50, p99 } }) => [arm, { bandwidth, p50, p99 }]),
    ),
  )
  return { ...plan, rounds }
}

/** In the order of the names. */
export const armNamesIn = (rounds: ComparisonSummary['rounds']): readonly string[] =>
  [...new Set(rounds.flatMap((round) => Object.keys(round)))].sort()
