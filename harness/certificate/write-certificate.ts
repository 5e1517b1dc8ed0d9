/**
 * The end of a run. Takes its report and folder; writes `certificate.json` and a line of history, or neither, and says
 * in words which. A run that cannot be certified is not changed by that.
 */
import { join } from 'node:path'
import { asClaimcheckError, ClaimcheckError } from '../core/errors.ts'
import type { RunReport } from '../report/run-report.ts'
import type { ReportFolder } from '../report/report-folder.ts'
import { formatCertificate, describeVerdict } from './certificate.ts'
import { addToHistory, HISTORY_FILE } from './history.ts'
import { issueCertificate, type Issued } from './issue-certificate.ts'
import { summaryOf } from './run-summary.ts'

/** Throws REPORT_UNWRITABLE. */
export function writeCertificate(report: RunReport, folder: ReportFolder): string {
  const issued = certified(report)
  if ('refused' in issued) return `no certificate: ${issued.refused}`
  const { certificate } = issued
  folder.add('certificate.json', formatCertificate(certificate))
  addToHistory(join(folder.path, HISTORY_FILE), summaryOf(certificate))
  return `certificate.json, ${describeVerdict(certificate)}, ${certificate.digest}`
}

/** A report that fits no certificate must not cost the run its other reports. */
function certified(report: RunReport): Issued {
  try {
    return issueCertificate(report)
  } catch (error) {
    const { code, message } = error instanceof ClaimcheckError ? error : asClaimcheckError(error)
    return { refused: `${code}: ${message}` }
  }
}
