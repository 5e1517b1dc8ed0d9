/** `claimcheck report`: writes the report page of one or more runs again, from their results.json or certificate.json. */
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { certificateReport } from '../certificate/certificate-report.ts'
import { compareRuns, type FigureChange } from '../certificate/compare-runs.ts'
import { HISTORY_FILE, readHistory } from '../certificate/history.ts'
import { trendOf } from '../certificate/history-trend.ts'
import { issueCertificate } from '../certificate/issue-certificate.ts'
import { certificateIn } from '../certificate/read-certificate.ts'
import { summaryOf, type Summary } from '../certificate/run-summary.ts'
import { ClaimcheckError } from '../core/errors.ts'
import { readJsonFile } from '../core/json-file.ts'
import { requireMatch } from '../core/json-schema.ts'
import { formatRate, formatTime, gigabytesPerSecond, seconds } from '../core/units.ts'
import type { Changes } from '../report/html/changes.ts'
import { formatPage } from '../report/html/page.ts'
import type { PageReport } from '../report/html/run-view.ts'
import { writePage } from '../report/html/write-page.ts'
import { RESULTS_SCHEMA, runReportSchema } from '../report/run-report.ts'

export interface ReportOptions {
  /** Path of the page; by default `index.html` beside the first run. */
  readonly out?: string | undefined
  /** By default `history.ndjson` beside the last run. */
  readonly history?: string | undefined
}

interface Run {
  readonly report: PageReport
  /** Undefined for a run that cannot be certified. */
  readonly summary: Summary | undefined
}

/** Throws REPORT_UNWRITABLE, or the error of a file that cannot be read. */
export function writeReport(
  paths: readonly [string, ...string[]],
  { out, history }: ReportOptions,
  say: (line: string) => void,
): void {
  const runs = paths.map(readRun)
  const past = readHistory(history ?? join(dirname(paths.at(-1) ?? paths[0]), HISTORY_FILE))
  for (const warning of past.warnings) say(`Note: ${warning}`)
  const last = runs.at(-1)
  const [before, after] = runs
  const page = formatPage({
    reports: runs.map(({ report }) => report),
    trend: last && trendOf(past, last.report),
    changes: runs.length === 2 && before && after ? changesBetween(before, after) : undefined,
  })
  const path = out ?? join(dirname(paths[0]), 'index.html')
  writePage(path, page)
  say(path)
}

function readRun(path: string): Run {
  const file = readJsonFile(path)
  const head = z.looseObject({ schema: z.literal(RESULTS_SCHEMA) }).safeParse(file.value)
  if (!head.success) {
    const certificate = certificateIn(file)
    return { report: certificateReport(certificate), summary: summaryOf(certificate) }
  }
  const report = requireMatch(file, runReportSchema)
  const issued = issueCertificate(report)
  return { report, summary: 'certificate' in issued ? summaryOf(issued.certificate) : undefined }
}

/** Empty where a run does not have the figure. */
function figureText(value: number | undefined, unit: FigureChange['unit']): string {
  if (value === undefined) return ''
  if (unit === 'x') return `${value.toFixed(3)}x`
  return unit === 's' ? formatTime(seconds(value)) : formatRate(gigabytesPerSecond(value))
}

function changesBetween(before: Run, after: Run): Changes {
  const [earlier, later] = [before, after].map(
    ({ report: { finishedAt, run, outcome } }) => `run ${run} (${finishedAt}, ${outcome})`,
  )
  const nothing = { before: earlier ?? '', after: later ?? '', figures: [], verdicts: [], others: [] }
  if (before.summary === undefined || after.summary === undefined)
    return { ...nothing, unlike: 'Figures are compared between runs in which every test was evaluated.' }
  try {
    const compared = compareRuns(before.summary, after.summary)
    return {
      ...nothing,
      figures: compared.changes.map(({ comparison, figure, unit, before, after, ratio, direction }) => ({
        comparison,
        figure,
        before: figureText(before, unit),
        after: figureText(after, unit),
        direction,
        ratio:
          ratio === undefined
            ? 'fewer than two rounds'
            : `${ratio.estimate.toFixed(3)}x [${ratio.low.toFixed(3)}x, ${ratio.high.toFixed(3)}x]`,
      })),
      verdicts: compared.verdictChanges,
      others: [
        ...compared.onlyBefore.map((test) => `Only in the earlier run: ${test}`),
        ...compared.onlyAfter.map((test) => `Only in the later run: ${test}`),
        ...compared.environmentChanges,
      ],
    }
  } catch (error) {
    if (error instanceof ClaimcheckError && error.code === 'RUNS_UNLIKE')
      return { ...nothing, unlike: error.message }
    throw error
  }
}
