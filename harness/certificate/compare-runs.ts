/**
 * Compares two runs: the change of each figure with a confidence interval, the verdicts that changed, and the differences
 * between the machines. The intervals hold simultaneously with 95 % (Bonferroni).
 */
import { ClaimcheckError } from '../core/errors.ts'
import { LEVEL } from '../measure/sequential-looks.ts'
import type { Interval } from '../measure/interval.ts'
import { mean } from 'simple-statistics'
import { changeInterval } from './figure-change.ts'
import { jsonDifferences } from './json-differences.ts'
import { incomparabilities } from './comparability.ts'
import { armNamesIn, type ComparisonSummary, type Summary } from './run-summary.ts'

export interface FigureChange {
  /** `suites/numa/kv-transfer.test.ts: kv-1gib`. */
  readonly comparison: string
  readonly figure: string
  readonly unit: FigureUnit
  /** Means over the rounds of each run; undefined when a run has no round. */
  readonly before: number | undefined
  readonly after: number | undefined
  /** B / A; undefined when a run has too few rounds. */
  readonly ratio: Interval | undefined
  readonly direction: Direction
}

type FigureUnit = 'GB/s' | 's' | 'x'

/**
 * `same`: the change cannot be distinguished from noise. `changed`: a ratio of arms that differs only because the arm it is
 * divided by got better or worse.
 */
type Direction = 'better' | 'worse' | 'same' | 'changed' | 'unknown'

interface VerdictChange {
  readonly test: string
  readonly before: string
  readonly after: string
}

export interface RunComparison {
  readonly changes: readonly FigureChange[]
  /** Of the tests that are in both runs. */
  readonly verdictChanges: readonly VerdictChange[]
  readonly onlyBefore: readonly string[]
  readonly onlyAfter: readonly string[]
  /** Differences in nodes, drivers, libraries, faults and versions. */
  readonly environmentChanges: readonly string[]
  /** Whether a figure got worse beyond noise, or a test no longer passes. */
  readonly worse: boolean
}

type Round = ComparisonSummary['rounds'][number]

interface ComparedFigure {
  readonly figure: string
  readonly unit: FigureUnit
  /** Undefined when the round does not have the arm. */
  readonly of: (round: Round) => number | undefined
  /** What an increase means. */
  readonly increase: 'better' | 'worse'
  /** The figures that a ratio of arms is made of. */
  readonly ratioOf?: readonly [arm: string, other: string]
}

const bandwidthOf = (arm: string): string => `${arm} bandwidth`

/** The figures of every arm, and the ratio of every two. */
const figuresOf = (arms: readonly string[]): readonly ComparedFigure[] => [
  ...arms.flatMap(figuresOfArm),
  ...arms.flatMap((arm, index) => arms.slice(index + 1).map((other) => overOf(arm, other))),
]

const figuresOfArm = (arm: string): ComparedFigure[] => [
  { figure: bandwidthOf(arm), unit: 'GB/s', of: (round) => round[arm]?.bandwidth, increase: 'better' },
  { figure: `${arm} p50 latency`, unit: 's', of: (round) => round[arm]?.p50, increase: 'worse' },
  { figure: `${arm} p99 latency`, unit: 's', of: (round) => round[arm]?.p99, increase: 'worse' },
]

function overOf(arm: string, other: string): ComparedFigure {
  const of = (round: Round): number | undefined => {
    const [own, others] = [round[arm]?.bandwidth, round[other]?.bandwidth]
    return own === undefined || others === undefined ? undefined : own / others
  }
  return {
    figure: `${arm} over ${other} bandwidth`,
    unit: 'x',
    of,
    increase: 'better',
    ratioOf: [bandwidthOf(arm), bandwidthOf(other)],
  }
}

/** Throws RUNS_UNLIKE, which lists every difference that forbids a comparison. */
export function compareRuns(before: Summary, after: Summary): RunComparison {
  const differences = incomparabilities(before, after)
  if (differences.length > 0)
    throw new ClaimcheckError('RUNS_UNLIKE', {
      subject: `runs ${before.run} and ${after.run}`,
      problem: `cannot be compared, because they differ in:\n  ${differences.join('\n  ')}`,
      hint: 'Compare runs of the same SKU, target, scale and suites.',
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
    environmentChanges: environmentChangesOf(before, after),
    worse:
      changes.some(({ direction }) => direction === 'worse') ||
      verdictChanges.some((change) => change.before === 'passed'),
  }
}

function changesBetween(
  before: Summary['comparisons'],
  after: Summary['comparisons'],
): readonly FigureChange[] {
  const common = Object.keys(before).filter((name) => name in after)
  const compared = common.flatMap((comparison) => {
    const rounds = [before, after].flatMap((all) => all[comparison]?.rounds ?? [])
    return figuresOf(armNamesIn(rounds)).map((compared) => {
      const { of } = compared
      const [was = [], is = []] = [before, after].map((all) =>
        (all[comparison]?.rounds ?? []).flatMap((round) => of(round) ?? []),
      )
      return { ...compared, comparison, was, is }
    })
  })
  // Bonferroni: all intervals hold simultaneously with LEVEL.
  const level = 1 - (1 - LEVEL) / compared.length
  const changes = compared.map(({ comparison, figure, unit, increase, ratioOf, was, is }) => {
    const ratio = changeInterval(was, is, level)
    const [before, after] = [was, is].map((values) => (values.length > 0 ? mean(values) : undefined))
    return {
      comparison,
      figure,
      unit,
      before,
      after,
      ratio,
      direction: directionOf(ratio, increase),
      ratioOf,
    }
  })
  return changes.map(({ ratioOf, ...change }): FigureChange => {
    const direction = (figure: string): Direction | undefined =>
      changes.find((one) => one.comparison === change.comparison && one.figure === figure)?.direction
    return isOnlyByTheOther(change.direction, ratioOf?.map(direction))
      ? { ...change, direction: 'changed' }
      : change
  })
}

/** A ratio falls when the other arm recovers, and rises when the other arm gets worse: neither is a change of its own arm. */
function isOnlyByTheOther(ratio: Direction, [own, other]: readonly (Direction | undefined)[] = []): boolean {
  if (own === ratio) return false
  return (ratio === 'worse' && other === 'better') || (ratio === 'better' && other === 'worse')
}

function directionOf(ratio: Interval | undefined, increase: 'better' | 'worse'): Direction {
  if (ratio === undefined) return 'unknown'
  if (ratio.low > 1) return increase
  if (ratio.high < 1) return increase === 'better' ? 'worse' : 'better'
  return 'same'
}

function environmentChangesOf(before: Summary, after: Summary): readonly string[] {
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
