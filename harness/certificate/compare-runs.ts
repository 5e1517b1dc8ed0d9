/**
 * What changed from one run to another like it. Takes two summaries; gives figures with the intervals of their ratios,
 * verdicts that flipped, and what else is new about the machines. All intervals together hold with 95 %.
 */
import { ClaimcheckError } from '../core/errors.ts'
import { LEVEL } from '../measure/sequential-looks.ts'
import type { Interval } from '../measure/interval.ts'
import { ARM_NAMES, type ArmName } from '../sku/sku.ts'
import { changeInterval } from './figure-change.ts'
import { jsonDifferences } from './json-differences.ts'
import { incomparabilities } from './comparability.ts'
import type { ComparisonSummary, Summary } from './run-summary.ts'

export interface FigureChange {
  /** `suites/numa/kv-transfer.test.ts: kv-1gib`. */
  readonly comparison: string
  readonly figure: string
  /** B / A; undefined where a run has too few rounds. */
  readonly ratio: Interval | undefined
  /** `same`: no change could be told from noise. */
  readonly told: 'better' | 'worse' | 'same' | 'unknown'
}

interface VerdictChange {
  readonly test: string
  readonly before: string
  readonly after: string
}

export interface RunComparison {
  readonly changes: readonly FigureChange[]
  /** Of the tests that both runs have. */
  readonly verdictChanges: readonly VerdictChange[]
  readonly onlyBefore: readonly string[]
  readonly onlyAfter: readonly string[]
  /** Nodes, drivers, libraries, faults, versions that are not the same. */
  readonly surroundings: readonly string[]
  /** Something is worse: a figure beyond noise, or a test that passed and does not now. */
  readonly worse: boolean
}

type Round = ComparisonSummary['rounds'][number]

interface ComparedFigure {
  readonly figure: string
  /** Undefined where the round lacks the arm. */
  readonly of: (round: Round) => number | undefined
  readonly more: 'better' | 'worse'
}

const FIGURES: readonly ComparedFigure[] = ARM_NAMES.flatMap((arm): ComparedFigure[] => [
  { figure: `${arm} bandwidth`, of: (round) => round[arm]?.bandwidth, more: 'better' },
  { figure: `${arm} p50 latency`, of: (round) => round[arm]?.p50, more: 'worse' },
  { figure: `${arm} p99 latency`, of: (round) => round[arm]?.p99, more: 'worse' },
]).concat(overOf('aligned', 'unaligned'), overOf('linked', 'staged'))

function overOf(arm: ArmName, other: ArmName): ComparedFigure {
  const of = (round: Round): number | undefined => {
    const [own, others] = [round[arm]?.bandwidth, round[other]?.bandwidth]
    return own === undefined || others === undefined ? undefined : own / others
  }
  return { figure: `${arm} over ${other} bandwidth`, of, more: 'better' }
}

/** Throws RUNS_UNLIKE, naming every difference that forbids it. */
export function compareRuns(before: Summary, after: Summary): RunComparison {
  const unlike = incomparabilities(before, after)
  if (unlike.length > 0)
    throw new ClaimcheckError('RUNS_UNLIKE', {
      subject: `runs ${before.run} and ${after.run}`,
      problem: `are not alike, so no difference of their figures means anything:\n  ${unlike.join('\n  ')}`,
      hint: 'Compare runs of one SKU, target, scale and suite.',
    })
  const changes = changesBetween(before.comparisons, after.comparisons)
  const names = Object.keys(before.tests)
  const verdictChanges = names.flatMap((test) => {
    const [was, is] = [before.tests[test], after.tests[test]]
    return was === undefined || is === undefined || was === is ? [] : [{ test, before: was, after: is }]
  })
  return {
    changes,
    verdictChanges,
    onlyBefore: names.filter((test) => !(test in after.tests)),
    onlyAfter: Object.keys(after.tests).filter((test) => !(test in before.tests)),
    surroundings: surroundingsOf(before, after),
    worse:
      changes.some(({ told }) => told === 'worse') ||
      verdictChanges.some((change) => change.before === 'passed'),
  }
}

function changesBetween(
  before: Summary['comparisons'],
  after: Summary['comparisons'],
): readonly FigureChange[] {
  const common = Object.keys(before).filter((name) => name in after)
  const compared = common.flatMap((comparison) =>
    FIGURES.map(({ figure, of, more }) => {
      const [was = [], is = []] = [before, after].map((all) =>
        (all[comparison]?.rounds ?? []).flatMap((round) => of(round) ?? []),
      )
      return { comparison, figure, more, was, is }
    }).filter(({ was, is }) => was.length + is.length > 0),
  )
  // Each interval is made so wide that all of them hold together.
  const level = 1 - (1 - LEVEL) / compared.length
  return compared.map(({ comparison, figure, more, was, is }): FigureChange => {
    const ratio = changeInterval(was, is, level)
    return { comparison, figure, ratio, told: toldBy(ratio, more) }
  })
}

function toldBy(ratio: Interval | undefined, more: 'better' | 'worse'): FigureChange['told'] {
  if (ratio === undefined) return 'unknown'
  if (ratio.low > 1) return more
  if (ratio.high < 1) return more === 'better' ? 'worse' : 'better'
  return 'same'
}

function surroundingsOf(before: Summary, after: Summary): readonly string[] {
  const of = ({ tool, emulation, fingerprint: { nodes, libraries } }: Summary) => ({
    claimcheck: tool.version,
    rack: emulation?.rack,
    faults: emulation?.faults.join(', '),
    libraries: flat(libraries),
    ...Object.fromEntries(
      Object.entries(nodes).flatMap(([node, drivers]) =>
        Object.entries(drivers).map(([driver, { devices, attributes, serials }]) => [
          `${node} ${driver}`,
          { devices, serials: serials.slice(0, 12), ...flat(attributes) },
        ]),
      ),
    ),
  })
  return jsonDifferences(of(before), of(after), '').map((one) =>
    one.replace(', the samples give ', ', then '),
  )
}

const flat = (lists: Readonly<Record<string, readonly string[]>>): Record<string, string> =>
  Object.fromEntries(Object.entries(lists).map(([name, all]) => [name, all.join(', ')]))
