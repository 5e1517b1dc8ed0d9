/** What a run covered, from what its test files recorded, and the problems that follow from it. */
import type { TestModule } from 'vitest/node'
import { coverageFault, coverageOf, TRANSFER_KINDS, type Coverage } from '../report/coverage.ts'
import type { ReportedProblem, TestReport } from '../report/run-report.ts'
import { fileOf } from './report-test-case.ts'

/** What the run was asked for. */
export interface Selection {
  /** Absent: `full` for suites in suites/ without a filter. */
  readonly required?: Coverage['required'] | undefined
  /** By names or tags of tests. */
  readonly filter?: string
}

/** Undefined where no test file ran. */
export function runCoverage(
  modules: readonly TestModule[],
  tests: readonly TestReport[],
  root: string,
  { required, filter }: Selection,
): Coverage | undefined {
  const files = modules.flatMap((module) => module.meta().claimcheckFile ?? [])
  if (files.length === 0) return undefined
  const measures = new Set(
    modules.flatMap((module) =>
      [...module.children.allTests()].map((test) => test.meta().claimcheck?.measures),
    ),
  )
  const covered = files.flatMap((file) => Object.values(file.covered))
  const shipped = modules.every((module) => fileOf(module, root).startsWith('suites/'))
  return coverageOf({
    required: required ?? (shipped && filter === undefined ? 'full' : 'partial'),
    kinds: TRANSFER_KINDS.filter((kind) => measures.has(kind)),
    transfers: covered.reduce((sum, { transfers }) => sum + transfers, 0),
    inventories: files.flatMap(({ inventory }) => inventory ?? []),
    covered: covered.map((one) => one.covered),
    leftOut: [
      ...(filter === undefined
        ? []
        : [{ what: 'tests that were filtered out', why: `only ${filter} was run` }]),
      ...skipped(tests),
      ...endedEarly(covered.filter((one) => one.endedEarly).length),
    ],
  })
}

/** Skipped tests by reason. */
const skipped = (tests: readonly TestReport[]): Coverage['leftOut'] =>
  [
    ...Map.groupBy(
      tests.filter(({ verdict }) => verdict === 'skipped'),
      ({ skipReason }) => skipReason ?? 'no reason given',
    ),
  ].map(([why, all]) => ({ what: `${all.length} test${all.length === 1 ? '' : 's'}`, why }))

/** Pairs of nodes, or nodes, that were not measured to the end. */
const endedEarly = (comparisons: number): Coverage['leftOut'] =>
  comparisons === 0
    ? []
    : [
        {
          what: `further rounds of ${comparisons} comparison${comparisons === 1 ? '' : 's'}`,
          why: 'the claimed NICs did not carry all bytes in their shares, so no figure could be judged any more',
        },
      ]

export function coverageProblems(coverage: Coverage): readonly ReportedProblem[] {
  const fault = coverageFault(coverage)
  if (fault === undefined) return []
  const { code, problem } = fault
  const hint =
    code === 'COVERAGE_PARTIAL'
      ? 'Name the nodes to be tested in CLAIMCHECK_NODES, or set CLAIMCHECK_COVERAGE=partial if the rest does not matter.'
      : 'Look at the reasons of the tests that are inconclusive or were skipped.'
  return [{ code, message: problem, hint }]
}
