/** Checks that the parts of a certificate agree with each other: verdict, times, evidence, fingerprint and digests. */
import { coverageFault } from '../report/coverage.ts'
import { fingerprintOf } from '../report/node-fingerprint.ts'
import { coverageFaults } from './coverage-faults.ts'
import { digestOf } from './canonical-json.ts'
import type { Certificate, CertificateBody } from './certificate.ts'
import { deviceFaults } from './device-faults.ts'
import { emulationTraces } from './emulation-traces.ts'
import { outcomesIn, type Evidence, type Rounds } from './evidence-schema.ts'
import { jsonDifferences } from './json-differences.ts'
import { isEvidenceOf } from './planned-measurement.ts'
import { planIn } from './recorded-plan.ts'
import { timeFaults } from './time-faults.ts'

/** The verdict of a run, from those of its tests and its coverage. */
export function verdictOf(
  parts: readonly string[],
  coverage: CertificateBody['coverage'],
): Certificate['verdict'] {
  if (parts.includes('failed')) return 'failed'
  const uncovered = coverage !== undefined && coverageFault(coverage) !== undefined
  return uncovered || parts.includes('inconclusive') ? 'inconclusive' : 'passed'
}

/** By library, the versions that the transfers reported, sorted. */
export function librariesIn(evidence: readonly Evidence[]): Record<string, string[]> {
  const versions = evidence.flatMap((one) =>
    one.kind === 'rounds'
      ? one.rounds
          .flatMap((round) => Object.values(outcomesIn(round)))
          .flatMap(({ result }) => Object.entries(result.library_versions))
      : [],
  )
  return Object.fromEntries(
    [...Map.groupBy(versions, ([name]) => name)].map(([name, all]) => [
      name,
      [...new Set(all.flatMap(([, version]) => version ?? []))].sort(),
    ]),
  )
}

/** Sentences, empty when the certificate is consistent. */
export function faultsOfRun(body: CertificateBody): readonly string[] {
  const { verdict, tests, sku, fingerprint } = body
  const whole = verdictOf(
    tests.map((test) => test.verdict),
    body.coverage,
  )
  return [
    ...(whole === verdict
      ? []
      : [
          `its tests${body.coverage === undefined || coverageFault(body.coverage) === undefined ? '' : ' and its coverage'} give ${whole}`,
        ]),
    ...(tests.some((test) => test.verdict !== 'skipped') ? [] : ['no test was evaluated']),
    ...timeFaults(body),
    ...(digestOf(sku.profile) === sku.digest ? [] : ['sku.digest is not the digest of sku.profile']),
    ...emulationTraces(body),
    ...evidenceFaults(body),
    ...jsonDifferences(
      fingerprint.libraries,
      librariesIn(allEvidence(body).map(({ evidence }) => evidence)),
      'fingerprint.libraries',
    ),
    ...nodeFaults(body),
    ...deviceFaults(body),
    ...waiverFileFaults(body),
    ...coverageFaults(body),
  ]
}

interface NamedEvidence {
  readonly file: string
  readonly name: string
  readonly evidence: Evidence
}

const allEvidence = ({ evidence }: CertificateBody): readonly NamedEvidence[] =>
  Object.entries(evidence).flatMap(([file, own]) =>
    Object.entries(own).map(([name, one]) => ({ file, name, evidence: one })),
  )

/** Everything that was measured is used by a test, to its last round. */
function evidenceFaults(body: CertificateBody): readonly string[] {
  const all = allEvidence(body)
  const rounds = all.flatMap(({ evidence }) => (evidence.kind === 'rounds' ? [evidence] : []))
  const first = new Set(rounds.map(({ plan }) => plan.firstRounds))
  return [
    ...(first.size > 1
      ? [`comparisons of one run differ in the rounds before the first look: ${[...first].join(', ')}`]
      : []),
    ...all.flatMap(({ file, name, evidence }) => {
      const users = body.tests
        .filter((test) => test.file === file && test.verdict !== 'skipped')
        .flatMap(({ expectations }) => expectations.filter(({ basis }) => basis.on === name))
      if (users.length === 0)
        return [`no expectation uses the evidence "${name}" of ${file}: expectations are missing`]
      if (evidence.kind !== 'rounds') return []
      if (!isEvidenceOf(planIn(evidence), name))
        return [`the evidence "${name}" of ${file} is of another comparison, "${evidence.plan.name}"`]
      return roundFaults(
        `"${name}" of ${file}`,
        evidence,
        users.flatMap(({ basis }) => basis.seen),
      )
    }),
  ]
}

/** Rounds are measured only for a look. */
function roundFaults(where: string, { rounds, failure }: Rounds, seen: readonly number[]): readonly string[] {
  const used = seen.reduce((most, count) => Math.max(most, count), 0)
  if (rounds.length === used || (failure !== undefined && rounds.length > used)) return []
  return [`${where} has ${rounds.length} rounds, but its expectations used ${used}`]
}

/** The fingerprint describes every node of the evidence, as its drivers published it. */
function nodeFaults({ fingerprint, ...body }: CertificateBody): readonly string[] {
  const all = allEvidence({ fingerprint, ...body }).map(({ evidence }) => evidence)
  const nodes = new Set(all.flatMap(nodesIn))
  const unknown = [...nodes].filter((node) => !Object.hasOwn(fingerprint.nodes, node))
  return [
    ...unknown.map((node) => `fingerprint.nodes does not contain ${node}, which took part`),
    ...all.flatMap((one) =>
      one.kind === 'published'
        ? jsonDifferences(
            fingerprint.nodes,
            { ...fingerprint.nodes, ...fingerprintOf(one.slices) },
            'fingerprint.nodes',
          )
        : [],
    ),
  ]
}

function nodesIn(evidence: Evidence): readonly string[] {
  if (evidence.kind === 'published') return evidence.nodes
  if (evidence.kind === 'pods') return evidence.claims?.map(({ node }) => node) ?? []
  return evidence.rounds.flatMap((round) =>
    Object.values(outcomesIn(round)).flatMap(({ initiator, target }) => [initiator.node, target.node]),
  )
}

function waiverFileFaults({ inputs, tests }: CertificateBody): readonly string[] {
  if (inputs === undefined || inputs.waivers !== undefined) return []
  return tests.some(({ expectations }) => expectations.some(({ waiver }) => waiver !== undefined))
    ? ['an expectation has a waiver, but the run read no waivers file']
    : []
}
