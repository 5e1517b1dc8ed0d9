import { expect, test } from 'vitest'
import { formatOpenMetrics } from '../../harness/report/open-metrics.ts'
import { expectation, failedTest, passedTest, report } from './report.ts'

const hostile = { ...passedTest, name: 'a "b" \\ c\nd', expectations: [expectation, expectation] }
const text = formatOpenMetrics(report({ outcome: 'failed', tests: [hostile, failedTest] }))

test('a run is a set of gauges with stable names and labels', () => {
  expect(text).toMatchSnapshot()
})

test('every line is a sample or a comment, no sample occurs twice, and the text is ended', () => {
  const lines = text.split('\n')
  expect(lines.slice(-2)).toEqual(['# EOF', ''])
  const samples = lines.slice(0, -2).filter((line) => !/^# (TYPE|UNIT|HELP) claimcheck_\w+ /.test(line))
  const label = String.raw`[a-z_]+="(?:[^"\\]|\\["\\n])*"`
  const sample = new RegExp(String.raw`^claimcheck_\w+(?:\{${label}(?:,${label})*\})? -?[\d.e+-]+$`)
  expect(samples.filter((line) => !sample.test(line))).toEqual([])
  expect(new Set(samples.map((line) => line.replace(/ \S+$/, ''))).size).toBe(samples.length)
})
