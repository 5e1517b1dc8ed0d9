/** The exit codes of `claimcheck run`, which tell a gate why a run is not green. */
import { ERROR_CATALOGUE, type ErrorCode } from '../core/errors.ts'
import { isAccepted, isGreen, type ReportedProblem, type RunReport } from '../report/run-report.ts'

export const EXIT = { passed: 0, failed: 1, input: 2, inconclusive: 3, interrupted: 4 } as const

interface GateOptions {
  /** Whether a run passes that has inconclusive tests, but at least one that passed and none that failed. */
  readonly allowInconclusive: boolean
}

/** Codes of input that only say how much of the hardware could be judged. */
const UNDECIDED: ReadonlySet<ErrorCode> = new Set(['COVERAGE_PARTIAL', 'NOTHING_MEASURED', 'NO_REFERENCE'])

export function exitCodeOf(report: RunReport, { allowInconclusive }: GateOptions): number {
  const { tests, problems, outcome } = report
  if (outcome === 'interrupted' || tests.some(({ verdict }) => verdict === 'interrupted'))
    return EXIT.interrupted
  if (tests.some(({ verdict }) => verdict === 'failed')) return EXIT.failed
  if (problems.some(({ code }) => code === 'WAIVER_EXPIRED')) return EXIT.failed
  if (problems.some((one) => isWrongInput(one, report))) return EXIT.input
  if (isGreen(report)) return EXIT.passed
  return allowInconclusive && isOnlyInconclusive(report) ? EXIT.passed : EXIT.inconclusive
}

/** A file without a test could not be loaded. A run in which every test was skipped judged nothing, and its input may be right. */
function isWrongInput({ code, file }: ReportedProblem, { tests }: RunReport): boolean {
  if (file !== undefined && code !== 'INTERRUPTED' && !tests.some((test) => test.file === file)) return true
  if (code === 'NO_TESTS') return tests.length === 0
  return ERROR_CATALOGUE[code].category === 'input' && !UNDECIDED.has(code)
}

/** Partial coverage that is required stays a reason of its own. */
const isOnlyInconclusive = ({ tests, problems }: RunReport): boolean =>
  problems.length === 0 &&
  tests.some(({ verdict }) => verdict === 'passed') &&
  tests.every(({ verdict }) => isAccepted(verdict) || verdict === 'inconclusive')
