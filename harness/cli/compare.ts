/**
 * `claimcheck compare`: shows what changed between two runs, or between a run and the last green one in the history. A run is
 * given by its certificate or by its results.json.
 */
import { z } from 'zod'
import { certificateIn } from '../certificate/read-certificate.ts'
import { compareRuns, type FigureChange, type RunComparison } from '../certificate/compare-runs.ts'
import { lastGreen, readHistory } from '../certificate/history.ts'
import { issueCertificate } from '../certificate/issue-certificate.ts'
import { summaryOf, type Summary } from '../certificate/run-summary.ts'
import { ClaimcheckError } from '../core/errors.ts'
import { readJsonFile } from '../core/json-file.ts'
import { requireMatch } from '../core/json-schema.ts'
import { printableLine, printableLinesIn } from '../core/terminal.ts'
import { RESULTS_SCHEMA, runReportSchema } from '../report/run-report.ts'

/** Returns whether nothing got worse. Throws RUNS_UNLIKE, or the error of a file that cannot be read. */
export function compareFiles(before: string, after: string, say: (line: string) => void): boolean {
  return printComparison(summaryIn(before), summaryIn(after), say)
}

/** Compares with the last green run in the history. Throws NO_REFERENCE when there is none. */
export function compareWithLast(path: string, historyPath: string, say: (line: string) => void): boolean {
  const run = summaryIn(path)
  const history = readHistory(historyPath)
  for (const warning of history.warnings) say(`Note: ${printableLine(warning)}`)
  return printComparison(lastGreen(history, run, historyPath), run, say)
}

/** Throws FILE_UNREADABLE, FILE_INVALID, CERTIFICATE_CHANGED, or CERTIFICATE_INCOMPLETE when results.json cannot be certified. */
function summaryIn(path: string): Summary {
  const file = readJsonFile(path)
  const head = z.looseObject({ schema: z.literal(RESULTS_SCHEMA) }).safeParse(file.value)
  if (!head.success) return summaryOf(certificateIn(file))
  const issued = issueCertificate(requireMatch(file, runReportSchema))
  if ('certificate' in issued) return summaryOf(issued.certificate)
  throw new ClaimcheckError('CERTIFICATE_INCOMPLETE', {
    subject: path,
    problem: 'is the report of a run that cannot be certified',
    found: issued.refused,
    hint: 'Compare runs in which every test was evaluated.',
  })
}

/** Digests show that a certificate is whole, not that its verdicts hold or who made it. */
const NOT_VERIFIED = 'Verdicts and signatures were not checked: npx claimcheck verify does that.'

function printComparison(one: Summary, other: Summary, say: (line: string) => void): boolean {
  const [before, after] = [printableLinesIn(one), printableLinesIn(other)]
  const compared = compareRuns(before, after)
  say(`A ${nameOf(before)}\nB ${nameOf(after)}`)
  for (const line of linesOf(compared)) say(line)
  say(NOT_VERIFIED)
  return !compared.worse
}

const nameOf = ({ run, finishedAt, sku, target, emulation, verdict }: Summary): string =>
  `${finishedAt} ${sku.name} on ${target}${emulation === undefined ? '' : `, ${emulation.runtime}, EMULATED`}: ${verdict} (run ${run})`

function linesOf({
  changes,
  verdictChanges,
  onlyBefore,
  onlyAfter,
  environmentChanges,
}: RunComparison): readonly string[] {
  let last = ''
  const figures = changes.flatMap((change) => {
    const head = change.comparison === last ? [] : ['', `${change.comparison}, B / A`]
    last = change.comparison
    return [...head, `  ${markOf(change)} ${change.figure.padEnd(33)} ${formatChange(change)}`]
  })
  return [
    ...figures,
    ...section(
      'Changed verdicts',
      verdictChanges.map(({ test, before, after }) => `${test}: ${before}, now ${after}`),
    ),
    ...section('Only in A', onlyBefore),
    ...section('Only in B', onlyAfter),
    ...section('Differences between the machines', environmentChanges),
    ...(verdictChanges.length === 0 ? ['', 'No verdict changed.'] : []),
  ]
}

const section = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)]

const markOf = ({ direction }: FigureChange): string =>
  ({ better: '+', worse: '-', same: '=', changed: '~', unknown: '?' })[direction]

function formatChange({ ratio, direction }: FigureChange): string {
  if (ratio === undefined) return 'unknown: a run has fewer than two rounds'
  const interval = `${ratio.estimate.toFixed(3)}x [${ratio.low.toFixed(3)}x, ${ratio.high.toFixed(3)}x]`
  if (direction === 'changed') return `${interval} changed, since the other arm did`
  if (direction !== 'same') return `${interval} ${direction}`
  const largest = Math.max(ratio.high - 1, 1 - ratio.low) * 100
  return `${interval} no significant change; a change of more than ${largest.toFixed(largest < 0.1 ? 3 : 1)} % is ruled out`
}
