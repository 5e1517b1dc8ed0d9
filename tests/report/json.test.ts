import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { formatJson, formatJsonSchema } from '../../harness/report/json.ts'
import { runReportSchema } from '../../harness/report/run-report.ts'
import { failedTest, report } from './report.ts'

test('results.json conforms to its schema', () => {
  const run = report({ outcome: 'failed', tests: [failedTest] })
  expect(runReportSchema.parse(JSON.parse(formatJson(run)))).toEqual(run)
})

test('the published schema is up to date: `npm run schema` writes it', () => {
  const published = readFileSync(new URL('../../docs/results.schema.json', import.meta.url), 'utf8')
  expect(JSON.parse(published)).toEqual(JSON.parse(formatJsonSchema()))
})
