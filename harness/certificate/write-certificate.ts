/**
 * Writes `certificate.json` and a line of the history at the end of a run, or neither when no certificate can be issued.
 */
import { join } from 'node:path'
import { asClaimcheckError, ClaimcheckError } from '../core/errors.ts'
import type { RunReport } from '../report/run-report.ts'
import type { ReportFolder } from '../report/report-folder.ts'
import { formatCertificate, describeVerdict } from './certificate.ts'
import { addToHistory, HISTORY_FILE } from './history.ts'
import { issueCertificate, type Issued } from './issue-certificate.ts'
import { summaryOf } from './run-summary.ts'

/** Returns a line for the terminal: the verdict and digest, or why there is no certificate. Throws REPORT_UNWRITABLE. */
export function writeCertificate(report: RunReport, folder: ReportFolder): string {
  const issued = issue(report)
  if ('refused' in issued) return `no certificate: ${issued.refused}`
  const { certificate } = issued
  folder.add('certificate.json', formatCertificate(certificate))
  addToHistory(join(folder.path, HISTORY_FILE), summaryOf(certificate))
  return `certificate.json, ${describeVerdict(certificate)}, ${certificate.digest}`
}

/** An error here must not cost the run its other reports. */
function issue(report: RunReport): Issued {
  try {
    return issueCertificate(report)
  } catch (error) {
    const { code, message } = error instanceof ClaimcheckError ? error : asClaimcheckError(error)
    return { refused: `${code}: ${message}` }
  }
}
