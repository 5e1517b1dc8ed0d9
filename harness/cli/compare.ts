/**
 * `claimcheck compare`: takes two runs, or one and the history; says what changed from the first to the second beyond
 * noise. A run is a certificate or the results.json of a run that could have one.
 */
import { z } from 'zod'
import { certificateIn } from '../certificate/read-certificate.ts'
import { compareRuns, type FigureChange, type RunComparison } from '../certificate/compare-runs.ts'
import { lastGreen, readHistory } from '../certificate/history.ts'
import { issueCertificate } from '../certificate/issue-certificate.ts'
import { summaryOf, type Summary } from '../certificate/run-summary.ts'
import { ClaimcheckError } from '../core/errors.ts'
import { readJsonFile } from '../core/json-file.ts'
import { parseYaml } from '../core/yaml-file.ts'
import { RESULTS_SCHEMA, runReportSchema } from '../report/run-report.ts'

/** Gives whether nothing got worse. Throws what is wrong with a file, or RUNS_UNLIKE. */
export function compareFiles(before: string, after: string, say: (line: string) => void): boolean {
  return tell(summaryIn(before), summaryIn(after), say)
}

/** Against the last green run like it. Throws NO_REFERENCE where there is none. */
export function compareWithLast(path: string, historyPath: string, say: (line: string) => void): boolean {
  const run = summaryIn(path)
  const history = readHistory(historyPath)
  for (const complaint of history.complaints) say(`Note: ${complaint}`)
  return tell(lastGreen(history, run, historyPath), run, say)
}

/** Throws FILE_UNREADABLE, FILE_INVALID, CERTIFICATE_CHANGED, or CERTIFICATE_INCOMPLETE for results without certificate. */
function summaryIn(path: string): Summary {
  const file = readJsonFile(path)
  const head = z.looseObject({ schema: z.literal(RESULTS_SCHEMA) }).safeParse(file.value)
  if (!head.success) return summaryOf(certificateIn(file))
  const parsed = runReportSchema.safeParse(file.value)
  const issued = issueCertificate(parsed.success ? parsed.data : parseYaml(file.text, path, runReportSchema))
  if ('certificate' in issued) return summaryOf(issued.certificate)
  throw new ClaimcheckError('CERTIFICATE_INCOMPLETE', {
    subject: path,
    problem: 'is of a run that cannot be judged again',
    found: issued.refused,
    hint: 'Compare runs in which every test was judged.',
  })
}

function tell(before: Summary, after: Summary, say: (line: string) => void): boolean {
  const compared = compareRuns(before, after)
  say(`A ${nameOf(before)}\nB ${nameOf(after)}`)
  for (const line of linesOf(compared)) say(line)
  return !compared.worse
}

const nameOf = ({ run, finishedAt, sku, target, emulation, verdict }: Summary): string =>
  `${finishedAt} ${sku.name} on ${target}${emulation === undefined ? '' : `, ${emulation.runtime}, EMULATED`}: ${verdict} (run ${run})`

function linesOf({
  changes,
  verdictChanges,
  onlyBefore,
  onlyAfter,
  surroundings,
}: RunComparison): readonly string[] {
  let last = ''
  const figures = changes.flatMap((change) => {
    const head = change.comparison === last ? [] : ['', `${change.comparison}, B / A`]
    last = change.comparison
    return [...head, `  ${markOf(change)} ${change.figure.padEnd(33)} ${toldOf(change)}`]
  })
  return [
    ...figures,
    ...section(
      'Verdicts that flipped',
      verdictChanges.map(({ test, before, after }) => `${test}: ${before}, now ${after}`),
    ),
    ...section('Only in A', onlyBefore),
    ...section('Only in B', onlyAfter),
    ...section('Not the same about the runs', surroundings),
    ...(verdictChanges.length === 0 ? ['', 'No verdict flipped.'] : []),
  ]
}

const section = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)]

const markOf = ({ told }: FigureChange): string =>
  ({ better: '+', worse: '-', same: '=', unknown: '?' })[told]

function toldOf({ ratio, told }: FigureChange): string {
  if (ratio === undefined) return 'fewer than two rounds: nothing can be told'
  const interval = `${ratio.estimate.toFixed(3)}x [${ratio.low.toFixed(3)}x, ${ratio.high.toFixed(3)}x]`
  if (told !== 'same') return `${interval} ${told}`
  const most = Math.max(ratio.high - 1, 1 - ratio.low) * 100
  return `${interval} no change told; one of more than ${most.toFixed(most < 0.1 ? 3 : 1)} % is ruled out`
}
