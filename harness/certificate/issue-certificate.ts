/**
 * Issues the certificate of a finished run. It is refused unless every test was evaluated and every verdict can be
 * recomputed from the recorded evidence.
 */
import { z } from 'zod'
import { overallVerdict } from '../expect/waiver.ts'
import { isCoverageProblem } from '../report/coverage.ts'
import type { FileReport, RunReport, TestReport } from '../report/run-report.ts'
import { digestOf, canonical } from './canonical-json.ts'
import {
  CERTIFICATE_SCHEMA,
  certificateSchema,
  isSame,
  sealCertificate,
  type Certificate,
  type CertificateBody,
} from './certificate.ts'
import { evidenceSchema, type Evidence } from './evidence-schema.ts'
import { faultsOfCertificate } from './certificate-faults.ts'
import { librariesIn, verdictOf } from './run-faults.ts'

export type Issued = { readonly certificate: Certificate } | { readonly refused: string }

export function issueCertificate(report: RunReport): Issued {
  const refused = refusalOf(report)
  if (refused !== undefined) return { refused }
  const body = bodyOf(report)
  if ('refused' in body) return body
  const [fault] = faultsOfCertificate(body)
  return fault === undefined ? { certificate: sealCertificate(body) } : { refused: fault }
}

function refusalOf(report: RunReport): string | undefined {
  if (report.outcome === 'interrupted') return 'the run was interrupted'
  const problem = report.problems.find((one) => one.code !== 'WAIVER_EXPIRED' && !isCoverageProblem(one))
  if (problem !== undefined) return `the run had an error outside its tests (${problem.code})`
  const evaluated = report.tests.filter((test) => test.verdict !== 'skipped')
  if (evaluated.length === 0) return 'no test was evaluated'
  for (const test of evaluated) {
    const refusal = refusalOfTest(test, report)
    if (refusal !== undefined) return `"${[...test.suite, test.name].join(' > ')}" ${refusal}`
  }
  return undefined
}

function refusalOfTest(test: TestReport, { files }: RunReport): string | undefined {
  const [problem] = test.problems
  if (problem !== undefined) return `ended with an error (${problem.code})`
  if (test.expectations.length === 0) return 'has no expectation that could be recomputed'
  const evidence = files[test.file]?.evidence ?? {}
  for (const { statement, basis } of test.expectations) {
    if (basis === undefined) return `has an expectation that cannot be recomputed: ${statement}`
    if ((evidence[basis.on] ?? null) === null) return `depends on evidence that was not recorded: ${basis.on}`
  }
  if (overallVerdict(test.expectations) !== test.verdict)
    return `is reported as ${test.verdict}, which contradicts its expectations`
  return undefined
}

function bodyOf(report: RunReport): CertificateBody | { readonly refused: string } {
  const files = Object.entries(report.files).filter(([name]) =>
    report.tests.some((test) => test.file === name && test.verdict !== 'skipped'),
  )
  const [first] = files
  if (first?.[1].profile === undefined) return { refused: 'no SKU was recorded' }
  const { target, emulation, profile } = first[1]
  const other = files.find(
    ([, file]) =>
      !isSame([file.target, file.emulation, file.profile], [target, emulation, profile]) ||
      file.nodes === undefined,
  )
  if (other !== undefined) return { refused: `${other[0]} and ${first[0]} ran on different targets or SKUs` }
  const inputs = inputsOf(files.map(([, file]) => file))
  if (inputs === undefined) return { refused: 'an input file was changed during the run' }
  const evidence = recordedEvidence(files)
  if (typeof evidence === 'string') return { refused: evidence }
  const { tool, run, startedAt, finishedAt } = report
  const body = certificateSchema.omit({ sections: true, digest: true }).safeParse(
    plain({
      schema: CERTIFICATE_SCHEMA,
      tool,
      run,
      startedAt,
      finishedAt,
      target,
      emulation,
      sku: { digest: digestOf(profile), profile },
      ...inputs,
      fingerprint: {
        nodes: Object.assign({}, ...files.map(([, file]) => file.nodes)),
        libraries: librariesIn(Object.values(evidence).flatMap((own) => Object.values(own))),
      },
      coverage: report.coverage,
      verdict: verdictOf(
        report.tests.map((test) => test.verdict),
        report.coverage,
      ),
      tests: report.tests.map(({ file, suite, name, verdict, skipReason, expectations }) => ({
        file,
        suite,
        name,
        verdict,
        skipReason,
        expectations,
      })),
      evidence,
    }),
  )
  return body.success
    ? body.data
    : { refused: `the results do not match their schema, ${placeOf(body.error)}` }
}

/** Returns the evidence of the files, or why there is none. */
function recordedEvidence(
  files: readonly (readonly [string, FileReport])[],
): Record<string, Record<string, Evidence>> | string {
  const all: Record<string, Record<string, Evidence>> = {}
  for (const [name, file] of files) {
    try {
      all[name] = evidenceOf(file)
    } catch (error) {
      if (!(error instanceof z.ZodError)) throw error
      return `the evidence of ${name} does not match its schema, ${placeOf(error)}`
    }
  }
  return all
}

const placeOf = ({ issues: [first] }: z.ZodError): string =>
  `at ${first?.path.join('.') ?? ''}: ${first?.message.slice(0, 200) ?? ''}`

/** Empty when a file recorded none; undefined when test files read different versions of a file. */
function inputsOf(files: readonly FileReport[]): Pick<CertificateBody, 'inputs'> | undefined {
  const [first, ...rest] = files.flatMap(({ inputs }) => inputs ?? [])
  if (first === undefined || rest.length + 1 < files.length) return {}
  const { suite, ...shared } = first
  if (rest.some(({ sku, rack, waivers }) => !isSame({ sku, rack, waivers }, shared))) return undefined
  return { inputs: { suites: [suite, ...rest.map((one) => one.suite)], ...shared } }
}

/** A copy as JSON represents it, without fields that are undefined. */
const plain = (value: unknown): unknown => JSON.parse(canonical(value)) as unknown

/** Throws ZodError for evidence of another version of claimcheck. */
export function evidenceOf({ evidence }: Pick<FileReport, 'evidence'>): Record<string, Evidence> {
  const known = Object.entries(evidence).filter(([, value]) => value !== null)
  return Object.fromEntries(
    known.map(([name, value]) => [name, evidenceSchema.parse(measuredOnly(plain(value)))]),
  )
}

/** The rounds of a report. Evidence that does not match is left as it is, for the schema to refuse. */
const reportedRounds = z.looseObject({
  kind: z.literal('rounds'),
  plan: z.unknown(),
  rounds: z.array(z.record(z.string(), z.union([z.number(), z.looseObject({ outcome: z.unknown() })]))),
  failure: z.unknown().optional(),
})

/** Removes the figures that a report computes from the outcomes. */
function measuredOnly(value: unknown): unknown {
  const reported = reportedRounds.safeParse(value)
  if (!reported.success) return value
  const { kind, plan, rounds, failure } = reported.data
  return {
    kind,
    plan,
    rounds: rounds.map((round) =>
      Object.fromEntries(
        Object.entries(round).map(([name, arm]) => [name, typeof arm === 'number' ? arm : arm.outcome]),
      ),
    ),
    ...(failure === undefined ? {} : { failure }),
  }
}
