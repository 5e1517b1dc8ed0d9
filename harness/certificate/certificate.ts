/**
 * A certificate is a run together with the evidence for its verdicts, so that anyone can recompute them. `issue-certificate.ts`
 * creates it and `verify-certificate.ts` recomputes it. The published JSON Schema is generated from the zod schema here.
 */
import { z } from 'zod'
import { environmentSchema, expectationSchema } from '../report/run-report.ts'
import { coverageSchema } from '../report/coverage.ts'
import { runInputsSchema } from '../report/input-files.ts'
import { nodeFingerprintSchema } from '../report/node-fingerprint.ts'
import { replayInfoSchema } from '../expect/assertion-spec.ts'
import { skuValueSchema } from '../sku/sku.ts'
import { canonical, digestOf, sortKeys } from './canonical-json.ts'
import { evidenceSchema } from './evidence-schema.ts'

export const CERTIFICATE_SCHEMA = 'claimcheck.certificate/1'

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'expected "sha256:" and 64 hexadecimal digits')

const certifiedTest = z.strictObject({
  file: z.string(),
  suite: z.array(z.string()),
  name: z.string(),
  verdict: z.enum(['passed', 'waived', 'warned', 'failed', 'inconclusive', 'skipped']),
  skipReason: z.string().exactOptional(),
  expectations: z.array(expectationSchema.extend({ basis: replayInfoSchema })),
})

export const certificateSchema = z.strictObject({
  schema: z.literal(CERTIFICATE_SCHEMA),
  tool: z.strictObject({ name: z.literal('claimcheck'), version: z.string() }),
  run: z.string(),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
  target: environmentSchema.shape.target,
  /** Present when the figures were not measured on hardware. */
  emulation: environmentSchema.shape.emulation,
  sku: z.strictObject({ digest, profile: skuValueSchema }),
  inputs: runInputsSchema
    .exactOptional()
    .describe('the files that the run read; absent from certificates of claimcheck 0.1.0'),
  fingerprint: z.strictObject({
    nodes: nodeFingerprintSchema,
    libraries: z
      .record(z.string(), z.array(z.string()))
      .describe('versions that the transfers reported, sorted'),
  }),
  coverage: coverageSchema
    .exactOptional()
    .describe('what the verdict is about; absent from certificates of claimcheck 0.1.0'),
  verdict: z.enum(['passed', 'failed', 'inconclusive']),
  tests: z.array(certifiedTest).min(1),
  evidence: z
    .record(z.string(), z.record(z.string(), evidenceSchema))
    .describe('by test file, then by the name that expectations refer to'),
  sections: z
    .record(z.string(), digest)
    .describe('digests of every section except `sections` and `digest`, and of each piece of evidence'),
  digest: digest.describe('over the canonical JSON of everything else'),
})

export type Certificate = z.infer<typeof certificateSchema>
export type CertificateBody = Omit<Certificate, 'sections' | 'digest'>
type CertifiedTest = Certificate['tests'][number]
export type CertifiedExpectation = CertifiedTest['expectations'][number]

/** `passed`, `passed with 2 waivers and 1 warning`. */
export function describeVerdict({ verdict, tests }: Certificate): string {
  const unmet = tests.flatMap((test) => test.expectations).filter((one) => one.verdict !== 'passed')
  const waivers = unmet.filter((one) => one.waiver?.expired === false).length
  const warnings = unmet.filter((one) => one.waiver === undefined && one.tier === 'warn').length
  const parts = [count(waivers, 'waiver'), count(warnings, 'warning')].filter((part) => part !== '')
  return parts.length === 0 ? verdict : `${verdict} with ${parts.join(' and ')}`
}

const count = (n: number, what: string): string => (n === 0 ? '' : `${n} ${what}${n === 1 ? '' : 's'}`)

/** Returns `body` with its digests. */
export function sealCertificate(body: CertificateBody): Certificate {
  const whole = { ...body, sections: sectionsOf(body) }
  return { ...whole, digest: digestOf(whole) }
}

export function sectionsOf(body: CertificateBody): Record<string, string> {
  const { evidence, ...rest } = body
  const parts = [
    ...Object.entries(rest),
    ...Object.entries(evidence).flatMap(([file, own]) =>
      Object.entries(own).map(([name, one]) => [`evidence of ${file}: ${name}`, one] as const),
    ),
  ]
  return Object.fromEntries(
    parts.flatMap(([name, part]) => (part === undefined ? [] : [[name, digestOf(part)] as const])),
  )
}

/** The text of the file. A certificate has exactly one, byte for byte. */
export const formatCertificate = (certificate: unknown): string =>
  `${JSON.stringify(sortKeys(certificate), null, 1)}\n`

export function formatCertificateSchema(): string {
  const schema = {
    $id: CERTIFICATE_SCHEMA,
    title: 'certificate.json of claimcheck',
    ...z.toJSONSchema(certificateSchema),
  }
  return `${JSON.stringify(schema, null, 2)}\n`
}

export const isSame = (one: unknown, other: unknown): boolean => canonical(one) === canonical(other)
