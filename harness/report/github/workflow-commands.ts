/**
 * Commands that a step of GitHub Actions writes to its log: an annotation for each sentence that is not passed, and groups of
 * lines. https://docs.github.com/actions/reference/workflow-commands-for-github-actions
 */
import { failureText, type Expectation } from '../../expect/expectation.ts'
import type { ReportedProblem, RunReport, TestReport } from '../run-report.ts'

/** Where a test is declared; undefined if it is not in its own file. */
export type LineOf = (test: TestReport) => number | undefined

interface Place {
  readonly file: string | undefined
  readonly line?: number | undefined
}

/** One command for each expectation and problem that is not passed. What a waiver or the tag `warn` tolerates is a warning. */
export const annotationsOf = (report: RunReport, lineOf: LineOf): readonly string[] => [
  ...report.tests.flatMap((test) => annotationsOfTest(test, { file: test.file, line: lineOf(test) })),
  ...report.problems.map((one) => annotation('error', { file: one.file }, one.code, textOf(one))),
]

function annotationsOfTest({ verdict, expectations, problems }: TestReport, place: Place): readonly string[] {
  const level = verdict === 'waived' || verdict === 'warned' ? 'warning' : 'error'
  return [
    ...expectations
      .filter((one) => one.verdict !== 'passed')
      .map((one) =>
        annotation(levelOf(one, level), place, `${one.code}: ${one.statement}`, failureText(one)),
      ),
    ...problems.map((one) => annotation('error', place, one.code, textOf(one))),
  ]
}

const levelOf = ({ tier, waiver }: Expectation, ofTest: string): string =>
  tier === 'warn' || waiver?.expired === false ? 'warning' : ofTest

const textOf = ({ message, hint }: ReportedProblem): string =>
  hint === undefined || message.includes(hint) ? message : `${message} ${hint}`

function annotation(level: string, { file, line }: Place, title: string, message: string): string {
  const properties = Object.entries({ file, line, title }).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${escapedProperty(String(value))}`],
  )
  return `::${level} ${properties.join(',')}::${escapedData(message)}`
}

export const startOfGroup = (title: string): string => `::group::${escapedData(title)}`
export const END_OF_GROUP = '::endgroup::'

/**
 * A line that the runner does not take for a command, whatever a pod or a driver put into it. A command begins with `::` at the
 * start of a line, or with `##[` anywhere in it.
 */
export const withoutCommands = (line: string): string =>
  line.replace(/^(\s*)::/, '$1\\::').replaceAll('##[', '##\\[')

const escapedData = (text: string): string =>
  text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
const escapedProperty = (text: string): string =>
  escapedData(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
