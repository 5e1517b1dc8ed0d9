/** Formats `results.json` and its published JSON Schema, which is generated from the zod schema. */
import { z } from 'zod'
import { RESULTS_SCHEMA, runReportSchema, type RunReport } from './run-report.ts'

export function formatJson(report: RunReport): string {
  return `${JSON.stringify(report, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value), 2)}\n`
}

export function formatJsonSchema(): string {
  const schema = {
    $id: RESULTS_SCHEMA,
    title: 'results.json of claimcheck',
    ...z.toJSONSchema(runReportSchema),
  }
  return `${JSON.stringify(schema, null, 2)}\n`
}
