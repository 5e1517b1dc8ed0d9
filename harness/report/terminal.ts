/**
 * Formats a run for a terminal, in parts, so that tests can be shown as they end. An expectation takes one line when it
 * fits the width; otherwise its figures follow on lines below.
 */
import { styleText } from 'node:util'
import { ERROR_CATALOGUE, type ErrorCategory, type ErrorCode } from '../core/errors.ts'
import {
  factsOf,
  togetherWherePassed,
  toleranceOf,
  type Expectation,
  type PassedTogether,
} from '../expect/expectation.ts'
import { isGating } from '../expect/waiver.ts'
import { describeCoverage, describeLeftOut } from './coverage.ts'
import { wrapItems, wrapLines } from './wrap-text.ts'
import {
  isGreen,
  type Environment,
  type ReportedProblem,
  type RunReport,
  type TestReport,
  type TestVerdict,
} from './run-report.ts'

export interface Style {
  /** In columns. */
  readonly width: number
  readonly colour: boolean
}

const MARKS = {
  passed: ['✓', 'green'],
  waived: ['!', 'yellow'],
  warned: ['!', 'yellow'],
  failed: ['✗', 'red'],
  inconclusive: ['?', 'yellow'],
  interrupted: ['?', 'yellow'],
  skipped: ['-', 'gray'],
} as const satisfies Record<TestVerdict, readonly [string, Paint]>

/** What to do about errors of which only the category is known. Others say it themselves, or there is nothing to say. */
export const WHAT_TO_DO: Partial<Record<ErrorCategory, string>> = {
  harness: 'Run again; if it happens again, report it and attach results.json.',
}

export const formatStart = (
  { tool, target }: Pick<RunReport, 'tool' | 'target'>,
  style: Style,
): readonly string[] => [paint(`${tool.name} ${tool.version}`, 'bold', style) + `, target ${target}`]

/** The headings that are in effect: file, suite and environment. */
export interface Place {
  readonly file: string
  readonly suite: string
  readonly environment: string
}

export const NOWHERE: Place = { file: '', suite: '', environment: '' }

export const placeOf = ({ file, suite }: TestReport, environment: Environment): Place => ({
  file,
  suite: suite.join(' > '),
  environment: formatEnvironment(environment),
})

/** The headings that change from `before` to `place`. */
export function formatPlace(place: Place, before: Place, style: Style): readonly string[] {
  const newFile = place.file !== before.file
  const lines: string[] = []
  if (newFile) lines.push('', paint(place.file, 'bold', style))
  if (place.environment !== '' && place.environment !== before.environment)
    lines.push(...wrapLines(place.environment, style.width).map((line) => paintEmulated(line, style)))
  if (place.suite !== '' && (newFile || place.suite !== before.suite))
    lines.push(...wrapLines(place.suite, style.width - 2).map((line) => `  ${line}`))
  return lines
}

/** `emulated rack h100-2node, scale 1:200, runtime process: figures are EMULATED, not measured on hardware` */
function formatEnvironment({ target, sku, emulation }: Environment): string {
  if (emulation === undefined) return sku === undefined ? '' : `target ${target}, SKU ${sku}`
  const { rack, scale, runtime, faults } = emulation
  const broken = faults.length === 0 ? '' : `, faults ${faults.join(', ')}`
  return `${target} rack ${rack}, scale 1:${scale}, runtime ${runtime}${broken}: figures are EMULATED, not measured on hardware`
}

/** `explained`: the explanations shown so far. Each is shown once and then referred to by its code. */
export function formatTest(test: TestReport, style: Style, explained: Set<string>): readonly string[] {
  const indent = test.suite.length === 0 ? 2 : 4
  const rows = togetherWherePassed(test.expectations).flatMap((one) =>
    'verdict' in one ? formatExpectation(one, style, explained) : formatTogether(one, style),
  )
  const unrun = test.verdict === 'skipped' || test.verdict === 'interrupted'
  if (rows.length === 0 || unrun || test.problems.length > 0) {
    rows.push(...marked(test.verdict, `${test.name}${note(test)}`, [], style))
    for (const problem of test.problems) rows.push(...formatProblem(problem, style))
  }
  return rows.map((row) => `${' '.repeat(indent)}${row}`.trimEnd())
}

/** `- 42 tests of 6 groups: skipped, no second node`, under the headings of `at`. */
export function formatSkipped(at: TestReport, tests: readonly TestReport[], style: Style): readonly string[] {
  const groups = new Set(tests.map(({ suite }) => suite.join(' > '))).size
  const which = `${tests.length} tests${groups > 1 ? ` of ${groups} groups` : ''}`
  const indent = at.suite.length === 0 ? 2 : 4
  return marked('skipped', `${which}${note(at)}`, [], style).map((row) => `${' '.repeat(indent)}${row}`)
}

function note({ verdict, skipReason, problems }: TestReport): string {
  if (verdict === 'skipped') return `: skipped, ${skipReason ?? 'no reason given'}`
  return verdict === 'interrupted' && problems.length === 0 ? ': not run, the run was interrupted' : ''
}

function formatExpectation(one: Expectation, style: Style, shownBefore: Set<string>): readonly string[] {
  const shown = one.verdict === 'passed' || isGating(one) ? one.verdict : 'waived'
  const tolerance = wrapLines(toleranceOf(one) ?? '', style.width - 10).filter((line) => line !== '')
  const lines = [
    ...marked(shown, one.statement, factsOf(one), style),
    ...tolerance.map((line) => `    ${line}`),
  ]
  if (one.code === undefined) return lines
  const explanation = explain(one.code, one.reasons, undefined, style)
  const cause = causeOf(one, explanation)
  const known = shownBefore.has(cause)
  shownBefore.add(cause)
  return [...lines, ...(known ? [`    ${one.code}: as above`] : explanation)]
}

/** The objects that a test makes for itself. */
const OWN_OBJECTS = /\b(claims?|pods?|containers?) [a-z0-9][-a-z0-9.]*/g

/**
 * What explanations of one cause have in common. Where nothing was measured, they differ in the names of the claims and pods of
 * their tests.
 */
function causeOf({ verdict, measured, reasons, code }: Expectation, explanation: readonly string[]): string {
  if (verdict !== 'inconclusive' || measured !== 'nothing') return explanation.join('\n')
  return [code, ...reasons].join('\n').replaceAll(OWN_OBJECTS, '$1')
}

/** `aligned bandwidth is at least 1.3x unaligned: 6 pairs of nodes, 1.417x to 1.419x, limit ≥ 1.3x` */
function formatTogether({ statement, expectations }: PassedTogether, style: Style): readonly string[] {
  const sorted = expectations.toSorted((a, b) => (a.interval?.estimate ?? 0) - (b.interval?.estimate ?? 0))
  const [first] = sorted
  if (first === undefined) return []
  const measured = [...new Set([first, ...sorted.slice(-1)].map((one) => one.measured))].join(' to ')
  const what = first.nodes?.length === 2 ? 'pairs of nodes' : 'nodes'
  const { interval: _, ...facts } = first
  const all = factsOf({ ...facts, measured })
  return marked('passed', statement, [`${expectations.length} ${what}`, ...all], style)
}

/** Shows where an error was thrown for a fault in claimcheck itself, and in a suite. */
function formatProblem({ code, message, hint, stack }: ReportedProblem, style: Style): readonly string[] {
  const frame = stack?.split('\n').find((line) => /^\s*(at|❯) /.test(line))
  const thrown = code === 'INTERNAL' || ERROR_CATALOGUE[code].category === 'suite'
  const at = thrown && frame !== undefined ? [frame.trim()] : []
  const advice = hint === undefined || message.includes(hint) ? [] : [hint]
  return explain(code, [message, ...advice, ...at], hint, style)
}

/** The code, what was found and, without a `hint`, what to do about errors of its category. */
function explain(
  code: ErrorCode,
  found: readonly string[],
  hint: string | undefined,
  style: Style,
): string[] {
  const { title, category } = ERROR_CATALOGUE[code]
  const room = style.width - 12
  const advice = hint === undefined ? WHAT_TO_DO[category] : undefined
  return [
    ...wrapLines(`${code}: ${title}`, room).map((line) => `    ${line}`),
    ...found.flatMap((text) => wrapLines(text, room)).map((line) => `      ${line}`),
    ...(advice === undefined ? [] : [`    ${advice}`]),
  ]
}

/** A mark, a statement and its facts: on one line when they fit, otherwise with the facts wrapped on lines below. */
function marked(
  verdict: TestVerdict,
  sentence: string,
  facts: readonly string[],
  style: Style,
): readonly string[] {
  const [sign, colour] = MARKS[verdict]
  const mark = paint(sign, colour, style)
  const room = style.width - 6
  const whole = facts.length === 0 ? sentence : `${sentence}: ${facts.join(', ')}`
  if (whole.length <= room) return [`${mark} ${paintEmulated(whole, style)}`]
  const [first = '', ...rest] = wrapLines(sentence, room)
  const below = wrapItems(facts, room - 4).map((line) => `    ${paintEmulated(line, style)}`)
  return [`${mark} ${first}`, ...rest.map((line) => `  ${line}`), ...below]
}

const SUMMARIZED: ReadonlySet<TestVerdict> = new Set(['failed', 'inconclusive', 'waived', 'warned'])

/** The problems outside tests, the tests that did not pass, and the totals. */
export function formatEnd(report: RunReport, style: Style): readonly string[] {
  const problems = report.problems.flatMap((problem) => [
    ...marked('inconclusive', problem.subject ?? problem.file ?? 'the run', [], style),
    ...formatProblem(problem, style),
  ])
  const bad = report.tests.filter(({ verdict }) => SUMMARIZED.has(verdict))
  const summary = bad.flatMap(({ verdict, file, suite, name }) =>
    marked(verdict, `${verdict}: ${[file, ...suite, name].join(' > ')}`, [], style),
  )
  const notes = (report.notes ?? []).flatMap((line) => wrapLines(line, style.width))
  return [
    ...(problems.length === 0 ? [] : ['', ...problems]),
    ...(summary.length === 0 ? [] : ['', ...summary]),
    ...(notes.length === 0 ? [] : ['', ...notes]),
    '',
    ...formatCoverage(report, style),
    ...formatTotals(report, style),
  ]
}

/** One line of what was covered, and one for each thing that was left out. */
function formatCoverage({ coverage }: RunReport, { width }: Style): readonly string[] {
  if (coverage === undefined) return []
  return [describeCoverage(coverage), ...describeLeftOut(coverage)].flatMap((line) => wrapLines(line, width))
}

function formatTotals(report: RunReport, style: Style): readonly string[] {
  const count = (verdict: TestVerdict): number =>
    report.tests.filter((test) => test.verdict === verdict).length
  const totals = (['passed', 'failed', 'inconclusive', 'skipped'] as const).map(
    (verdict) => `${count(verdict)} ${verdict}`,
  )
  for (const verdict of ['waived', 'warned', 'interrupted'] as const)
    if (count(verdict) > 0) totals.push(`${count(verdict)} ${verdict}`)
  const seconds = (Date.parse(report.finishedAt) - Date.parse(report.startedAt)) / 1000
  const emulated = report.tests.some((test) => test.expectations.some((one) => one.emulated))
  const text = `${totals.join(', ')} in ${seconds.toFixed(1)} s${emulated ? ', EMULATED' : ''}`
  const [sign, colour] = isGreen(report) ? MARKS.passed : MARKS.failed
  return wrapLines(text, style.width - 2).map(
    (line, i) => `${i === 0 ? paint(sign, colour, style) : ' '} ${paintEmulated(line, style)}`,
  )
}

type Paint = 'green' | 'red' | 'yellow' | 'gray' | 'bold'

const paint = (text: string, format: Paint, { colour }: Style): string =>
  colour ? styleText(format, text, { validateStream: false }) : text

const paintEmulated = (text: string, style: Style): string =>
  text.replaceAll('EMULATED', paint('EMULATED', 'yellow', style))
