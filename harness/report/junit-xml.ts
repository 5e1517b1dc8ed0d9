/**
 * JUnit for a CI gate. Takes a run; gives XML in which a testcase has at most one of `failure` (the hardware broke an
 * expectation), `error` (no honest answer) and `skipped`. Text that XML cannot hold is replaced, and huge text cut.
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
    time: ((Date.parse(report.finishedAt) - Date.parse(report.startedAt)) / 1000).toFixed(3),
    timestamp: withoutMilliseconds(report.startedAt),
  })
  for (const suite of suites) addSuite(root, suite)
  return `${xml.end({ prettyPrint: true })}\n`
}

function addSuite(root: XMLBuilder, suite: JUnitSuite): void {
  const element = root.ele('testsuite', {
    name: suite.name,
    ...countsOf(suite.cases),
    time: suite.cases.reduce((sum, one) => sum + one.seconds, 0).toFixed(3),
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
    time: seconds.toFixed(3),
    ...(file === undefined ? {} : { file: attribute(file) }),
  })
  addProperties(element, properties)
  if (outcome === undefined) return
  const [summary = ''] = outcome.message.split('\n', 1)
  const told = element.ele(outcome.element, {
    ...(outcome.code === undefined ? {} : { type: outcome.code }),
    message: attribute(summary),
  })
  if (outcome.text !== '') told.txt(capped(outcome.text, TEXT_LIMIT))
}

function addProperties(element: XMLBuilder, properties: Readonly<Record<string, unknown>>): void {
  const known = Object.entries(properties).filter(([, value]) => value !== undefined && value !== '')
  if (known.length === 0) return
  const list = element.ele('properties')
  for (const [name, value] of known)
    list.ele('property', { name: attribute(name), value: attribute(String(value)) })
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

/** `2026-11-23T12:00:00`: the xsd of Jenkins takes no fraction and no zone. */
const withoutMilliseconds = (instant: string): string => instant.slice(0, 19)

const attribute = (text: string): string => capped(text, ATTRIBUTE_LIMIT).replaceAll(/[\r\n\t]+/g, ' ')

function capped(text: string, limit: number): string {
  const plain = stripVTControlCharacters(text)
  if (plain.length <= limit) return plain
  return `${plain.slice(0, limit).toWellFormed()}… (${plain.length - limit} characters more)`
}
