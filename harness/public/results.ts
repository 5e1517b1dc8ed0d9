/** `claimcheck/results`: reads the files that a run writes, and checks each against its schema. */
import { requireMatch } from '../core/json-schema.ts'
import { readJsonFile } from '../core/json-file.ts'
import { runReportSchema, type RunReport } from '../report/run-report.ts'

export type { Certificate } from '../certificate/certificate.ts'
export { readHistory, type History } from '../certificate/history.ts'
export { readCertificate } from '../certificate/read-certificate.ts'
export type { Summary } from '../certificate/run-summary.ts'
export { verifyCertificate, type Verified } from '../certificate/verify-certificate.ts'
export { ClaimcheckError, type ErrorCode } from '../core/errors.ts'
export { isGreen, type RunReport, type TestReport, type TestVerdict } from '../report/run-report.ts'

/**
 * Reads a `results.json`. Throws FILE_UNREADABLE or FILE_INVALID.
 *
 * @example
 * const { tests } = readResults('reports/results.json')
 */
export const readResults = (path: string): RunReport => requireMatch(readJsonFile(path), runReportSchema)
