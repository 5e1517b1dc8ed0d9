/**
 * Formats a run as JUnit XML. A testcase has at most one of `failure` (the hardware did not meet an expectation), `error`
 * (inconclusive, or trouble of the harness or the cluster) and `skipped`. Characters that XML does not allow are replaced
 * and long text is truncated.
 */
import { stripVTControlCharacters } from 'node:util'
import { create } from 'xmlbuilder2'
import type { XMLBuilder } from 'xmlbuilder2/lib/interfaces.js'
import { junitSuites, type JUnitCase, type JUnitOutcome, type JUnitSuite } from './junit-model.ts'
import type { RunReport } from './run-report.ts'

const TEXT_LIMIT = 64 * 1024
const ATTRIBUTE_LIMIT = 4 * 1024

export function formatJUnit(report: RunReport): string {
  const suites = junitSuites(report)
  const xml = create({ version: '1.0', encoding: 'UTF-8', invalidCharReplacement: '\uFFFD' })
  const root = xml.ele('testsuites', {
    name: report.tool.name,
    ...countsOf(suites.flatMap((suite) => suite.cases)),
    time: timeOf((Date.parse(report.finishedAt) - Date.parse(report.startedAt)) / 1000),
    timestamp: withoutMilliseconds(report.startedAt),
  })
  for (const suite of suites) addSuite(root, suite)
  return `${xml.end({ prettyPrint: true })}\n`
}

function addSuite(root: XMLBuilder, suite: JUnitSuite): void {
  const element = root.ele('testsuite', {
    name: suite.name,
    ...countsOf(suite.cases),
    time: timeOf(suite.cases.reduce((sum, one) => sum + Number(timeOf(one.seconds)), 0)),
    timestamp: withoutMilliseconds(suite.startedAt),
    hostname: 'localhost',
  })
  addProperties(element, suite.properties)
  for (const one of suite.cases) addCase(element, one)
}

function addCase(
  suite: XMLBuilder,
  { name, classname, file, seconds, properties, outcome }: JUnitCase,
): void {
  const element = suite.ele('testcase', {
    name: attribute(name),
    classname: attribute(classname),
    time: timeOf(seconds),
    ...(file === undefined ? {} : { file: attribute(file) }),
  })
  addProperties(element, properties)
  if (outcome === undefined) return
  const [summary = ''] = outcome.message.split('\n', 1)
  const child = element.ele(outcome.element, {
    ...(outcome.code === undefined ? {} : { type: outcome.code }),
    message: attribute(summary),
  })
  if (outcome.text !== '') child.txt(truncated(outcome.text, TEXT_LIMIT))
}

function addProperties(element: XMLBuilder, properties: Readonly<Record<string, unknown>>): void {
  const present = Object.entries(properties).filter(([name, value]) => isStated(name, value))
  if (present.length === 0) return
  const list = element.ele('properties')
  for (const [name, value] of present)
    list.ele('property', { name: attribute(name), value: attribute(String(value)) })
}

/** A time that a clock step made negative, and a figure that is not finite, state nothing. */
function isStated(name: string, value: unknown): boolean {
  if (typeof value !== 'number') return value !== undefined && value !== ''
  return Number.isFinite(value) && !(value < 0 && /seconds|_ms\b/i.test(name))
}

function countsOf(cases: readonly JUnitCase[]): Record<'tests' | 'failures' | 'errors' | 'skipped', number> {
  const count = (element: JUnitOutcome['element']): number =>
    cases.filter(({ outcome }) => outcome?.element === element).length
  return {
    tests: cases.length,
    failures: count('failure'),
    errors: count('error'),
    skipped: count('skipped'),
  }
}

/** Seconds of a wall clock that was set back during the run would be negative, which no reader of JUnit accepts. */
const timeOf = (seconds: number): string => (seconds > 0 && seconds < Infinity ? seconds : 0).toFixed(3)

/** `2026-11-23T12:00:00`: Jenkins' JUnit schema allows neither a fraction of a second nor a time zone. */
const withoutMilliseconds = (instant: string): string => instant.slice(0, 19)

const attribute = (text: string): string => truncated(text, ATTRIBUTE_LIMIT).replaceAll(/[\r\n\t]+/g, ' ')

function truncated(text: string, limit: number): string {
  const plain = stripVTControlCharacters(text)
  if (plain.length <= limit) return plain
  return `${plain.slice(0, limit).toWellFormed()}… (${plain.length - limit} characters more)`
}
