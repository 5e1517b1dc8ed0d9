/**
 * Writes `certificate.json`, its signature and a line of the history at the end of a run, or none of them when no certificate
 * can be issued.
 */
import { join } from 'node:path'
import { asClaimcheckError } from '../core/errors.ts'
import type { RunReport } from '../report/run-report.ts'
import type { ReportFolder } from '../report/report-folder.ts'
import { MOST_BYTES } from '../core/json-file.ts'
import { attest } from './attestation.ts'
import { formatCertificate, describeVerdict, type Certificate } from './certificate.ts'
import { addToHistory, HISTORY_FILE } from './history.ts'
import { issueCertificate } from './issue-certificate.ts'
import { summaryOf, type Summary } from './run-summary.ts'
import { readPrivateKey, type Key } from './signing-key.ts'

interface Written {
  readonly certificate: Certificate
  readonly text: string
  readonly summary: Summary
  readonly key: Key | undefined
}

/**
 * Returns a line for the terminal: the verdict and digest, or why there is no certificate. `signKey`: the path of a private
 * key. Throws REPORT_UNWRITABLE.
 */
export function writeCertificate(report: RunReport, folder: ReportFolder, signKey?: string): string {
  const issued = issue(report, signKey)
  if ('refused' in issued) return `no certificate: ${issued.refused}`
  const { certificate, text, summary, key } = issued
  folder.add('certificate.json', text)
  if (key !== undefined)
    folder.add('certificate.intoto.jsonl', attest(certificate, text, 'certificate.json', key))
  const signed = key === undefined ? 'not signed' : `signed by key ${key.id}`
  const missed = historyFault(join(folder.path, HISTORY_FILE), summary)
  const recorded = missed === undefined ? '' : `; not in the history: ${missed}`
  return `certificate.json, ${describeVerdict(certificate)}, ${certificate.digest}, ${signed}${recorded}`
}

/** Adds the run to the history, or returns why it cannot. The run has its verdict and its other reports all the same. */
function historyFault(path: string, summary: Summary): string | undefined {
  try {
    addToHistory(path, summary)
    return undefined
  } catch (error) {
    const { code, message } = asClaimcheckError(error)
    return `${code}: ${message}`
  }
}

/** An error here must not cost the run its other reports. */
function issue(report: RunReport, signKey: string | undefined): Written | { readonly refused: string } {
  try {
    const issued = issueCertificate(report)
    if ('refused' in issued) return issued
    const { certificate } = issued
    const text = formatCertificate(certificate)
    if (text.length > MOST_BYTES)
      return { refused: `it would have ${text.length} bytes, more than the ${MOST_BYTES} that are read` }
    const key = signKey === undefined ? undefined : readPrivateKey(signKey)
    return { certificate, text, summary: summaryOf(certificate), key }
  } catch (error) {
    const { code, message } = asClaimcheckError(error)
    return { refused: `${code}: ${message}` }
  }
}
