/**
 * Every verdict of a certificate, made again from its samples by the judges that made it first. Takes a certificate whose
 * digests hold; gives for each expectation whether it comes out the same, and what differs where it does not.
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
  readonly of: string
  readonly statement: string
  /** As the certificate says. */
  readonly verdict: string
  /** What lets it through, where something does. */
  readonly tolerance?: string | undefined
  /** What speaks against it; empty where it holds. */
  readonly faults: readonly string[]
}

export async function verifyCertificate(certificate: Certificate): Promise<readonly Verified[]> {
  const remake = remaker(certificate)
  const verified: Verified[] = []
  for (const { file, suite, name, verdict, expectations } of certificate.tests) {
    const of = [...suite, name].join(' > ')
    for (const expectation of expectations) {
      const faults = await remake(file, expectation)
      const { statement, verdict: said } = expectation
      verified.push({ of, statement, verdict: said, tolerance: toleranceOf(expectation), faults })
    }
    const own = verdict === 'skipped' ? 'skipped' : overallVerdict(expectations)
    if (own !== verdict || (verdict !== 'skipped' && expectations.length === 0))
      verified.push({
        of,
        statement: 'the test as a whole',
        verdict,
        faults: [
          expectations.length === 0 ? 'it has no expectation' : `its expectations together are ${own}`,
        ],
      })
  }
  return [
    ...verified,
    {
      of: 'the certificate',
      statement: 'the run as a whole',
      verdict: certificate.verdict,
      faults: faultsOf(certificate),
    },
  ]
}

function faultsOf({ verdict, tests, sku, fingerprint, evidence }: Certificate): readonly string[] {
  const whole = verdictOf(tests.map((test) => test.verdict))
  return [
    ...(whole === verdict ? [] : [`its tests together are ${whole}`]),
    ...(tests.some((test) => test.verdict !== 'skipped') ? [] : ['no test was judged']),
    ...(digestOf(sku.profile) === sku.digest ? [] : ['sku.digest is not that of sku.profile']),
    ...jsonDifferences(
      fingerprint.libraries,
      librariesIn(Object.values(evidence).flatMap((own) => Object.values(own))),
      'fingerprint.libraries',
    ),
  ]
}

function remaker(certificate: Certificate) {
  const known = new Map<Rounds, readonly Round[]>()
  const sku = certificate.sku.profile as Sku
  const emulated = isEmulated({
    target: certificate.target,
    ...(certificate.emulation === undefined ? {} : { emulation: certificate.emulation }),
  })
  const question = ({ ask, seen, on }: CertifiedExpectation['basis'], evidence: Evidence): Evaluation => {
    if (ask.kind === 'matches-sku') {
      if (evidence.kind !== 'published' || ask.sku !== sku.name)
        throw notFor(ask.kind, `published slices and SKU ${ask.sku}`, `${evidence.kind} and SKU ${sku.name}`)
      return evaluatePublished(ask, recordedSlices(evidence, emulated), sku)
    }
    if ('arm' in ask) {
      if (evidence.kind !== 'rounds') throw notFor(on, 'rounds', evidence.kind)
      const all = known.get(evidence) ?? roundsOf(evidence, certificate)
      known.set(evidence, all)
      const source = new RecordedRounds(all, seen, { evidence, emulated })
      const { statement, judge } = evaluateArms(ask, source)
      return { statement, judge: async () => requireAllSeen(await judge(), source, on) }
    }
    if (evidence.kind !== 'pods') throw notFor(on, 'pods', evidence.kind)
    return evaluatePods(ask, new RecordedPods(evidence, { sku, emulated }))
  }
  return async (file: string, recorded: CertifiedExpectation): Promise<readonly string[]> => {
    // What lets an expectation through is somebody's word, not in the samples.
    const { basis, id: _id, tier: _tier, waiver: _waiver, ...said } = recorded
    const evidence = certificate.evidence[file]?.[basis.on]
    try {
      if (evidence === undefined) throw notFor(basis.on, `evidence of ${file}`, 'none')
      const remade = await answer(question(basis, evidence), basis, emulated)
      return jsonDifferences(said, remade, '')
    } catch (error) {
      return [asClaimcheckError(error).message]
    }
  }
}

/** Rejects where the record itself is at fault, and not what was measured. */
async function answer(
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
    problem: 'are more than the verdict needs',
    found: `${unused.length} more, at ${unused.join(', ')} rounds`,
  })
}

const notFor = (subject: string, expected: string, found: string): ClaimcheckError =>
  new ClaimcheckError('CERTIFICATE_INCOMPLETE', {
    subject,
    problem: 'cannot be judged again',
    expected,
    found,
  })
