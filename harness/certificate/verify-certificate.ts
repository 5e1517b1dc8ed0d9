/**
 * Recomputes every verdict of a certificate from its evidence, with the code that evaluated the run, and lists the differences.
 * The certificate's digests must have been checked before.
 */
import { asClaimcheckError, ClaimcheckError } from '../core/errors.ts'
import { recordedSlices } from '../expect/evidence.ts'
import { negated, toleranceOf, inconclusiveExpectation, type Expectation } from '../expect/expectation.ts'
import { evaluateArms, evaluatePods, evaluatePublished, type Evaluation } from '../expect/evaluate.ts'
import { overallVerdict } from '../expect/waiver.ts'
import type { Round } from '../measure/round.ts'
import { isEmulated } from '../report/run-report.ts'
import type { Sku } from '../sku/sku.ts'
import { digestOf } from './canonical-json.ts'
import type { Certificate, CertifiedExpectation } from './certificate.ts'
import { jsonDifferences } from './json-differences.ts'
import type { Evidence, Rounds } from './evidence-schema.ts'
import { librariesIn, verdictOf } from './issue-certificate.ts'
import { RecordedPods } from './recorded-pods.ts'
import { RecordedRounds, roundsOf } from './recorded-rounds.ts'

export interface Verified {
  /** `suite > test`, or `the certificate`. */
  readonly test: string
  readonly statement: string
  /** As recorded in the certificate. */
  readonly verdict: string
  /** The waiver or tier that lets an unmet expectation through. */
  readonly tolerance?: string | undefined
  /** Differences from the recomputed expectation; empty when it is confirmed. */
  readonly differences: readonly string[]
}

export async function verifyCertificate(certificate: Certificate): Promise<readonly Verified[]> {
  const recompute = recomputerFor(certificate)
  const verified: Verified[] = []
  for (const { file, suite, name, verdict, expectations } of certificate.tests) {
    const test = [...suite, name].join(' > ')
    for (const expectation of expectations) {
      const differences = await recompute(file, expectation)
      const { statement, verdict: recorded } = expectation
      verified.push({ test, statement, verdict: recorded, tolerance: toleranceOf(expectation), differences })
    }
    const own = verdict === 'skipped' ? 'skipped' : overallVerdict(expectations)
    if (own !== verdict || (verdict !== 'skipped' && expectations.length === 0))
      verified.push({
        test,
        statement: 'the test as a whole',
        verdict,
        differences: [expectations.length === 0 ? 'it has no expectation' : `its expectations give ${own}`],
      })
  }
  return [
    ...verified,
    {
      test: 'the certificate',
      statement: 'the run as a whole',
      verdict: certificate.verdict,
      differences: differencesOf(certificate),
    },
  ]
}

function differencesOf({ verdict, tests, sku, fingerprint, evidence }: Certificate): readonly string[] {
  const whole = verdictOf(tests.map((test) => test.verdict))
  return [
    ...(whole === verdict ? [] : [`its tests give ${whole}`]),
    ...(tests.some((test) => test.verdict !== 'skipped') ? [] : ['no test was evaluated']),
    ...(digestOf(sku.profile) === sku.digest ? [] : ['sku.digest is not the digest of sku.profile']),
    ...jsonDifferences(
      fingerprint.libraries,
      librariesIn(Object.values(evidence).flatMap((own) => Object.values(own))),
      'fingerprint.libraries',
    ),
  ]
}

function recomputerFor(certificate: Certificate) {
  const known = new Map<Rounds, readonly Round[]>()
  const sku = certificate.sku.profile as Sku
  const emulated = isEmulated({
    target: certificate.target,
    ...(certificate.emulation === undefined ? {} : { emulation: certificate.emulation }),
  })
  const evaluationOf = ({ ask, seen, on }: CertifiedExpectation['basis'], evidence: Evidence): Evaluation => {
    if (ask.kind === 'matches-sku') {
      if (evidence.kind !== 'published' || ask.sku !== sku.name)
        throw wrongEvidence(
          ask.kind,
          `published slices and SKU ${ask.sku}`,
          `${evidence.kind} and SKU ${sku.name}`,
        )
      return evaluatePublished(ask, recordedSlices(evidence, emulated), sku)
    }
    if ('arm' in ask) {
      if (evidence.kind !== 'rounds') throw wrongEvidence(on, 'rounds', evidence.kind)
      const all = known.get(evidence) ?? roundsOf(evidence, certificate)
      known.set(evidence, all)
      const source = new RecordedRounds(all, seen, { evidence, emulated })
      const { statement, judge } = evaluateArms(ask, source)
      return { statement, judge: async () => requireAllSeen(await judge(), source, on) }
    }
    if (evidence.kind !== 'pods') throw wrongEvidence(on, 'pods', evidence.kind)
    return evaluatePods(ask, new RecordedPods(evidence, { sku, emulated }))
  }
  return async (file: string, recorded: CertifiedExpectation): Promise<readonly string[]> => {
    // Tiers and waivers are declared by people and do not follow from the samples.
    const { basis, id: _id, tier: _tier, waiver: _waiver, ...expected } = recorded
    const evidence = certificate.evidence[file]?.[basis.on]
    try {
      if (evidence === undefined) throw wrongEvidence(basis.on, `evidence of ${file}`, 'none')
      const recomputed = await evaluate(evaluationOf(basis, evidence), basis, emulated)
      return jsonDifferences(expected, recomputed, '')
    } catch (error) {
      return [asClaimcheckError(error).message]
    }
  }
}

/** Rejects when the certificate itself is at fault; a recorded failure gives an inconclusive expectation. */
async function evaluate(
  { statement, judge }: Evaluation,
  { part, not }: CertifiedExpectation['basis'],
  emulated: boolean,
): Promise<Expectation | undefined> {
  try {
    const expectation = (await judge())[part]
    return expectation !== undefined && not ? negated(expectation) : expectation
  } catch (error) {
    const known = asClaimcheckError(error)
    if (known.code === 'CERTIFICATE_INCOMPLETE' || known.code === 'INTERNAL') throw known
    return inconclusiveExpectation(statement, 'see the suite', known, emulated)
  }
}

function requireAllSeen<T>(expectations: T, { unused }: RecordedRounds, on: string): T {
  if (unused.length === 0) return expectations
  throw new ClaimcheckError('CERTIFICATE_INCOMPLETE', {
    subject: `the looks at ${on}`,
    problem: 'are more than the verdict depends on',
    found: `${unused.length} more, at ${unused.join(', ')} rounds`,
  })
}

const wrongEvidence = (subject: string, expected: string, found: string): ClaimcheckError =>
  new ClaimcheckError('CERTIFICATE_INCOMPLETE', {
    subject,
    problem: 'cannot be recomputed',
    expected,
    found,
  })
