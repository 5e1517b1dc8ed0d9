/** The report page of a run. The reporter loads this file at the end of a run, so that plots do not slow its start. */
import { join } from 'node:path'
import { HISTORY_FILE, readHistory } from '../certificate/history.ts'
import { trendOf } from '../certificate/history-trend.ts'
import { asClaimcheckError, ClaimcheckError } from '../core/errors.ts'
import { formatPage } from '../report/html/page.ts'
import { writePage } from '../report/html/write-page.ts'
import { formatJson } from '../report/json.ts'
import { runReportSchema, type RunReport } from '../report/run-report.ts'

/** Writes `index.html` from what `results.json` records, and returns a line that says so, or why there is no page. */
export function writeRunPage(report: RunReport, folder: string): string {
  try {
    const recorded = runReportSchema.parse(JSON.parse(formatJson(report)))
    const trend = trendOf(readHistory(join(folder, HISTORY_FILE)), recorded)
    writePage(join(folder, 'index.html'), formatPage({ reports: [recorded], trend }))
    return 'index.html'
  } catch (error) {
    // A report that cannot be shown must not cost the run its other files.
    const { code, message } = error instanceof ClaimcheckError ? error : asClaimcheckError(error)
    return `no index.html: ${code}: ${message}`
  }
}
