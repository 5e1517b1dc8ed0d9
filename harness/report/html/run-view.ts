/** What the page says about a run as a whole, computed once from its results. */
import { createHash } from 'node:crypto'
import type { Expectation } from '../../expect/expectation.ts'
import { isGating } from '../../expect/waiver.ts'
import { isAccepted, isEmulated, isGreen, type RunReport, type TestReport } from '../run-report.ts'
import { recordedEvidence, type RecordedComparison, type RecordedEvidence } from './recorded-evidence.ts'

type RunVerdict = 'passed' | 'failed' | 'inconclusive' | 'interrupted'

/** A run as recorded; a certificate does not record the machine that ran it. */
export type PageReport = Omit<RunReport, 'host'> & Partial<Pick<RunReport, 'host'>>

export interface RunView {
  readonly report: PageReport
  /** In front of every id of this run; empty where the page shows one run. */
  readonly prefix: string
  readonly verdict: RunVerdict
  readonly emulated: boolean
  readonly evidence: ReadonlyMap<string, RecordedEvidence>
  readonly comparisons: readonly RecordedComparison[]
  /** `node-a/mlx5_1`, with how many expectations that are not met name it, most first. */
  readonly named: ReadonlyMap<string, number>
  readonly coverage: Coverage
}

export interface Share {
  readonly part: number
  readonly whole: number
}

/** Devices that took part in transfers, of those that the nodes of the run have. */
interface Coverage {
  readonly nodes: Share
  readonly gpus: Share
  readonly nics: Share
}

export function viewOf(report: PageReport, prefix: string): RunView {
  const evidence = new Map(
    Object.entries(report.files).map(([file, own]) => [file, recordedEvidence(file, own)]),
  )
  const comparisons = [...evidence.values()].flatMap((one) => one.comparisons)
  return {
    report,
    prefix,
    verdict: verdictOf(report),
    emulated:
      isEmulated({ target: report.target }) ||
      Object.values(report.files).some(isEmulated) ||
      report.tests.some((test) => test.expectations.some((one) => one.emulated)),
    evidence,
    comparisons,
    named: namedDevices(report, comparisons),
    coverage: coverageOf(report, evidence, comparisons),
  }
}

const wholeName = ({ suite, name }: TestReport): string => [...suite, name].join(' > ')

/** The same for a test in every run, so that a link keeps pointing at it. */
export function testId(test: TestReport, prefix: string): string {
  const words = test.name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
  const digest = createHash('sha256')
    .update(`${test.file}\n${wholeName(test)}`)
    .digest('hex')
  return `${prefix}test-${words.slice(0, 50)}-${digest.slice(0, 8)}`
}

/** An id for a part of the page that is called `name`. */
export const partId = (prefix: string, kind: string, ...name: readonly string[]): string =>
  `${prefix}${kind}-${createHash('sha256').update(name.join('\n')).digest('hex').slice(0, 8)}`

function verdictOf(report: PageReport): RunVerdict {
  if (report.outcome === 'interrupted') return 'interrupted'
  if (report.tests.some(({ verdict }) => verdict === 'failed')) return 'failed'
  return isGreen(report) ? 'passed' : 'inconclusive'
}

/** Expectations of a test that gate and are not met. */
export const unmet = ({ expectations }: TestReport): readonly Expectation[] =>
  expectations.filter((one) => one.verdict !== 'passed' && isGating(one))

function namedDevices(
  report: PageReport,
  comparisons: readonly RecordedComparison[],
): ReadonlyMap<string, number> {
  const known = new Set(comparisons.flatMap(devicesOf))
  const named = new Map<string, number>()
  for (const test of report.tests.filter(({ verdict }) => !isAccepted(verdict))) {
    const texts = [
      ...unmet(test).map(({ statement, reasons }) => [statement, ...reasons].join('\n')),
      ...test.problems.map(({ message, subject }) => `${message}\n${subject ?? ''}`),
    ]
    for (const text of texts) {
      const found = text.match(/[^\s,;:()"']+\/[^\s,;:()"']+/g) ?? []
      for (const device of new Set(found.map((one) => one.replace(/\.$/, ''))))
        if (known.has(device)) named.set(device, (named.get(device) ?? 0) + 1)
    }
  }
  return new Map([...named].sort(([, a], [, b]) => b - a))
}

function devicesOf({ rounds }: RecordedComparison): readonly string[] {
  return rounds.flatMap(({ arms }) =>
    [...arms.values()].flatMap(({ transport, outcome }) => [
      ...transport.loads.map(({ nic }) => nic),
      ...[outcome.initiator, outcome.target].flatMap(({ node, allocated }) =>
        allocated.gpus.map(({ name }) => `${node}/${name}`),
      ),
    ]),
  )
}

const shareOf = ({ covered, missing }: NonNullable<PageReport['coverage']>['nodes']): Share => ({
  part: covered.length,
  whole: covered.length + missing.length,
})

/** As recorded; results of claimcheck 0.1.0 record no coverage, and it is computed from their transfers. */
function coverageOf(
  { files, coverage: recorded }: PageReport,
  evidence: ReadonlyMap<string, RecordedEvidence>,
  comparisons: readonly RecordedComparison[],
): Coverage {
  if (recorded !== undefined) {
    const { nodes, gpus, nics } = recorded
    return { nodes: shareOf(nodes), gpus: shareOf(gpus), nics: shareOf(nics) }
  }
  const used = { nodes: new Set<string>(), gpus: new Set<string>(), nics: new Set<string>() }
  for (const { rounds } of comparisons) {
    for (const { transport, outcome } of rounds.flatMap(({ arms }) => [...arms.values()])) {
      for (const { node, allocated } of [outcome.initiator, outcome.target]) {
        used.nodes.add(node)
        for (const { name } of allocated.gpus) used.gpus.add(`${node}/${name}`)
      }
      for (const { nic, claimed, bytes } of transport.loads) if (claimed && bytes > 0) used.nics.add(nic)
    }
  }
  const nodes = new Set([
    ...used.nodes,
    ...Object.values(files).flatMap((file) => Object.keys(file.nodes ?? {})),
    ...[...evidence.values()].flatMap(({ published }) => published.flatMap((one) => one.nodes)),
  ]).size
  const profile = Object.values(files).find((file) => file.profile !== undefined)?.profile
  const of = (part: number, each: number): Share => ({ part, whole: Math.max(part, nodes * each) })
  return {
    nodes: of(used.nodes.size, 1),
    gpus: of(used.gpus.size, profile?.gpus.length ?? 0),
    nics: of(used.nics.size, profile?.nics.length ?? 0),
  }
}
