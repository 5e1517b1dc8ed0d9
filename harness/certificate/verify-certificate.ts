/**
 * Recomputes every verdict of a certificate from its evidence, with the code that evaluated the run, and lists the differences.
 * The certificate's digests must have been checked before.
 */
import { asClaimcheckError, ClaimcheckError } from '../core/errors.ts'
import { recordedSlices } from '../expect/evidence.ts'
import { negated, toleranceOf, inconclusiveExpectation, type Expectation } from '../expect/expectation.ts'
import {
  evaluateArms,
  evaluatePods,
  evaluateMatchesKernel,
  evaluateMatchesSku,
  type Evaluation,
} from '../expect/evaluate.ts'
import type { Round } from '../measure/round.ts'
import { isEmulated } from '../report/run-report.ts'
import type { Sku } from '../sku/sku.ts'
import { canonical } from './canonical-json.ts'
import type { Certificate, CertifiedExpectation } from './certificate.ts'
import { jsonDifferences } from './json-differences.ts'
import type { Evidence, Rounds } from './evidence-schema.ts'
import { limitFaults, planOf } from './certificate-faults.ts'
import { limitSourceOf, type LimitSource } from './profile-limits.ts'
import { RecordedPods } from './recorded-pods.ts'
import { RecordedRounds, roundsOf } from './recorded-rounds.ts'
import { faultsOfRun } from './run-faults.ts'
import { daysOf, faultsOfTest } from './test-faults.ts'

export interface Verified {
  /** `suite > test`, or `the certificate`. */
  readonly test: string
  readonly statement: string
  /** As recorded in the certificate. */
  readonly verdict: string
  readonly limit?: string
  readonly limitSource?: LimitSource
  /** The waiver or tier that lets an unmet expectation through. */
  readonly tolerance?: string | undefined
  /** Differences from the recomputed expectation; empty when it is confirmed. */
  readonly differences: readonly string[]
}

export async function verifyCertificate(certificate: Certificate): Promise<readonly Verified[]> {
  const days = daysOf(certificate)
  const recompute = recomputerFor(certificate)
  const verified: Verified[] = []
  for (const { file, suite, name, ...test } of certificate.tests) {
    const title = [...suite, name].join(' > ')
    const parts = new Parts()
    for (const expectation of test.expectations) {
      const { differences, all } = await recompute(file, expectation)
      parts.add(expectation, all)
      const { statement, verdict, limit, basis } = expectation
      verified.push({
        test: title,
        statement,
        verdict,
        limit,
        limitSource: limitSourceOf(basis.ask, planOf(certificate, file, basis.on), certificate.sku.profile),
        tolerance: toleranceOf(expectation),
        differences: [...limitFaults(certificate, file, expectation), ...differences],
      })
    }
    const differences = [...faultsOfTest({ file, suite, name, ...test }, days), ...parts.missing]
    if (differences.length > 0)
      verified.push({ test: title, statement: 'the test as a whole', verdict: test.verdict, differences })
  }
  return [
    ...verified,
    {
      test: 'the certificate',
      statement: 'the run as a whole',
      verdict: certificate.verdict,
      differences: faultsOfRun(certificate),
    },
  ]
}

/** The expectations of each assertion of a test, to find those that are missing. */
class Parts {
  readonly #found = new Map<string, Set<number>>()
  readonly #all = new Map<string, readonly Expectation[]>()

  add({ basis: { part, ...assertion } }: CertifiedExpectation, all: readonly Expectation[]): void {
    const key = canonical(assertion)
    this.#found.set(key, (this.#found.get(key) ?? new Set()).add(part))
    this.#all.set(key, all)
  }

  get missing(): readonly string[] {
    return [...this.#all].flatMap(([key, all]) =>
      all.flatMap(({ statement }, part) =>
        this.#found.get(key)?.has(part) === true ? [] : [`it lacks the expectation "${statement}"`],
      ),
    )
  }
}

interface Recomputed {
  readonly differences: readonly string[]
  /** Of the whole assertion; empty when it cannot be recomputed. */
  readonly all: readonly Expectation[]
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
      return evaluateMatchesSku(recordedSlices(evidence, emulated), sku)
    }
    if (ask.kind === 'matches-kernel') {
      if (evidence.kind !== 'published') throw wrongEvidence(ask.kind, 'published slices', evidence.kind)
      return evaluateMatchesKernel(recordedSlices(evidence, emulated))
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
  return async (file: string, recorded: CertifiedExpectation): Promise<Recomputed> => {
    // Tiers and waivers are declared by people and do not follow from the samples.
    const { basis, id: _id, tier: _tier, waiver: _waiver, ...expected } = recorded
    const evidence = certificate.evidence[file]?.[basis.on]
    try {
      if (evidence === undefined) throw wrongEvidence(basis.on, `evidence of ${file}`, 'none')
      const all = await evaluate(evaluationOf(basis, evidence), basis, emulated)
      return { differences: jsonDifferences(expected, all[basis.part], ''), all }
    } catch (error) {
      return { differences: [asClaimcheckError(error).message], all: [] }
    }
  }
}

/** Rejects when the certificate itself is at fault; a recorded failure gives an inconclusive expectation. */
async function evaluate(
  { statement, judge }: Evaluation,
  { not }: CertifiedExpectation['basis'],
  emulated: boolean,
): Promise<readonly Expectation[]> {
  try {
    const judged = await judge()
    return not ? judged.map(negated) : judged
  } catch (error) {
    const known = asClaimcheckError(error)
    if (known.code === 'CERTIFICATE_INCOMPLETE' || known.code === 'INTERNAL') throw known
    return [inconclusiveExpectation(statement, 'see the suite', known, emulated)]
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
