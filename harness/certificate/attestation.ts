/**
 * The attestation of a certificate: an in-toto Statement v1 with the predicate test-result v0.1
 * (https://in-toto.io/attestation/test-result/v0.1), in a signed envelope beside the certificate. Its subject is the digest of
 * the certificate's file.
 */
import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import { z } from 'zod'
import { ClaimcheckError } from '../core/errors.ts'
import { parseJson } from '../core/json-file.ts'
import { canonical } from './canonical-json.ts'
import type { Certificate } from './certificate.ts'
import { envelopeSchema, isSignedBy, payloadOf, signEnvelope, type Envelope } from './dsse.ts'
import { jsonDifferences } from './json-differences.ts'
import type { Key } from './signing-key.ts'

const PAYLOAD_TYPE = 'application/vnd.in-toto+json'
const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1'
const PREDICATE_TYPE = 'https://in-toto.io/attestation/test-result/v0.1'

const digestSet = z.record(z.string(), z.string())
const names = z.array(z.string())

/** As the specification asks, fields that are not known are ignored. */
const statementSchema = z.object({
  _type: z.literal(STATEMENT_TYPE),
  subject: z.array(z.object({ name: z.string().exactOptional(), digest: digestSet })).min(1),
  predicateType: z.literal(PREDICATE_TYPE),
  predicate: z.object({
    result: z.enum(['PASSED', 'WARNED', 'FAILED']),
    configuration: z.array(z.object({ name: z.string().exactOptional(), digest: digestSet.exactOptional() })),
    passedTests: names.exactOptional(),
    warnedTests: names.exactOptional(),
    failedTests: names.exactOptional(),
  }),
})

type Statement = z.infer<typeof statementSchema>
type Predicate = Statement['predicate']

/** `reports/certificate.json` has `reports/certificate.intoto.jsonl`. */
export const attestationPath = (certificatePath: string): string =>
  `${certificatePath.replace(/\.json$/, '')}.intoto.jsonl`

/** The line that attests to the certificate with this text. */
export function attest(certificate: Certificate, text: string, path: string, key: Key): string {
  const statement: Statement = {
    _type: STATEMENT_TYPE,
    subject: [{ name: basename(path), digest: { sha256: sha256(text) } }],
    predicateType: PREDICATE_TYPE,
    predicate: predicateOf(certificate),
  }
  return `${JSON.stringify(signEnvelope(PAYLOAD_TYPE, Buffer.from(canonical(statement)), key))}\n`
}

/** One envelope a line. Throws FILE_INVALID. */
export const envelopesIn = (text: string, path: string): readonly Envelope[] =>
  text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return []
    const where = `${path}:${index + 1}`
    const parsed = envelopeSchema.safeParse(parseJson(line, where))
    if (parsed.success) return [parsed.data]
    throw unusable(where, 'is no DSSE envelope', parsed.error)
  })

/** Throws CERTIFICATE_UNSIGNED unless `key` signed an attestation to exactly this certificate, or FILE_INVALID. */
export function requireAttested(
  {
    certificate,
    text,
    path,
  }: { readonly certificate: Certificate; readonly text: string; readonly path: string },
  envelopes: readonly Envelope[],
  key: Key,
): void {
  const signed = envelopes.filter((envelope) => isSignedBy(key, envelope))
  if (signed.length === 0) throw unsigned(path, `a signature by key ${key.id}`, signersOf(envelopes))
  const own = sha256(text)
  const statements = signed.map((envelope) => statementIn(envelope, path))
  const about = statements.find(({ subject }) => subject.some(({ digest }) => digest['sha256'] === own))
  if (about === undefined) {
    const subjects = statements.flatMap(({ subject }) =>
      subject.map(({ digest }) => digest['sha256'] ?? 'none'),
    )
    throw unsigned(path, `an attestation to sha256 ${own}, this file`, `one to ${subjects.join(', ')}`)
  }
  const [difference] = jsonDifferences(about.predicate, predicateOf(certificate), 'predicate')
  if (difference !== undefined) throw unsigned(path, 'an attestation to its tests', difference)
}

/** `no signature`, or who claims to have signed. */
export function signersOf(envelopes: readonly Envelope[]): string {
  const ids = envelopes.flatMap(({ signatures }) => signatures.map(({ keyid }) => keyid ?? 'without id'))
  return ids.length === 0 ? 'no signature' : `key ${ids.join(', ')}`
}

function statementIn(envelope: Envelope, path: string): Statement {
  if (envelope.payloadType !== PAYLOAD_TYPE)
    throw unsigned(path, `the payload type ${PAYLOAD_TYPE}`, envelope.payloadType)
  const parsed = statementSchema.safeParse(
    parseJson(payloadOf(envelope).toString('utf8'), attestationPath(path)),
  )
  if (parsed.success) return parsed.data
  throw unusable(attestationPath(path), 'is no in-toto Statement of a test result', parsed.error)
}

/** An inconclusive run did not pass; `skipped` tests are in no list. */
function predicateOf({ verdict, tests, sku, inputs }: Certificate): Predicate {
  const named = (...verdicts: readonly string[]): string[] =>
    tests
      .filter((test) => verdicts.includes(test.verdict))
      .map((test) => [test.file, ...test.suite, test.name].join(' > '))
  const warnedTests = named('waived', 'warned')
  const passed = warnedTests.length === 0 ? 'PASSED' : 'WARNED'
  const files = inputs === undefined ? [] : [...inputs.suites, inputs.sku, inputs.rack, inputs.waivers]
  return {
    result: verdict === 'passed' ? passed : 'FAILED',
    configuration: [
      { name: `SKU ${sku.profile.name} in canonical JSON`, digest: { sha256: hexOf(sku.digest) } },
      ...files.flatMap((file) =>
        file === undefined ? [] : [{ name: file.path, digest: { sha256: hexOf(file.digest) } }],
      ),
    ],
    passedTests: named('passed'),
    warnedTests,
    failedTests: named('failed', 'inconclusive'),
  }
}

const hexOf = (digest: string): string => digest.replace(/^sha256:/, '')
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

const unsigned = (subject: string, expected: string, found: string): ClaimcheckError =>
  new ClaimcheckError('CERTIFICATE_UNSIGNED', {
    subject,
    problem: 'is not signed as required',
    expected,
    found,
    hint: 'Ask whoever made it for its .intoto.jsonl file and the public key.',
  })

const unusable = (subject: string, problem: string, error: z.ZodError): ClaimcheckError =>
  new ClaimcheckError('FILE_INVALID', {
    subject,
    problem,
    found: error.issues
      .slice(0, 3)
      .map((issue) => `${issue.path.join('.')}: ${issue.message}`)
      .join('; '),
    hint: 'Use the file as claimcheck sign wrote it.',
  })
