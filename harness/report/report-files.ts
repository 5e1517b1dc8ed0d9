/** The files of a run in the report folder. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'

export const REPORT_FILES = [
  'junit.xml',
  'results.json',
  'certificate.json',
  'certificate.intoto.jsonl',
  'index.html',
  'report.css',
  'ctrf.json',
  'metrics.prom',
] as const

export function removeReports(folder: string): void {
  for (const file of REPORT_FILES) rmSync(join(folder, file), { force: true })
}
