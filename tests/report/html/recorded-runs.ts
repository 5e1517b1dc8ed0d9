/**
 * Runs as they were recorded: `suites/numa` on the emulated rack in the model runtime without faults, with a slow NIC, with a
 * receiver that does not check bytes, interrupted, and on sixteen nodes; and `suites/gpu` on a machine with two H100 GPUs, as its certificate.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { certificateReport } from '../../../harness/certificate/certificate-report.ts'
import { certificateSchema } from '../../../harness/certificate/certificate.ts'
import { runReportSchema } from '../../../harness/report/run-report.ts'
import type { PageReport } from '../../../harness/report/html/run-view.ts'

export const KINDS = ['passed', 'failed', 'inconclusive', 'interrupted', 'sixteen-nodes', 'two-gpus'] as const

export type Kind = (typeof KINDS)[number]

export function recordedRun(kind: Kind): PageReport {
  const value: unknown = JSON.parse(recordedText(kind))
  return kind === 'two-gpus'
    ? certificateReport(certificateSchema.parse(value))
    : runReportSchema.parse(value)
}

/** The file as it was written. */
export const recordedText = (kind: Kind): string =>
  gunzipSync(readFileSync(join(import.meta.dirname, 'recorded', `${kind}.json.gz`))).toString('utf8')
