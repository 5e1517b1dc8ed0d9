/**
 * A run on a terminal. Takes tests and reports; gives lines, one part at a time so that they can be shown as tests end.
 * Never writes; width and colour come in. A line an expectation where the width allows it, else the figures below.
 */
import { styleText } from 'node:util'
import { ERROR_CATALOGUE, type ErrorCategory, type ErrorCode } from '../core/errors.ts'
import { factsOf, toleranceOf, type Expectation } from '../expect/expectation.ts'
import { isGating } from '../expect/waiver.ts'
import { wrapItems, wrapLines } from './wrap-text.ts'
import {
  environmentOf,
  isGreen,
  type Environment,
  type ReportedProblem,
  type RunReport,
  type TestReport,
  type TestVerdict,
} from './run-report.ts'

export interface Style {
  /** Columns. */
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

const WHAT_TO_DO: Record<ErrorCategory, string> = {
  input: 'Correct the input.',
  hardware: 'Look at the devices.',
  cluster: 'Look at the cluster, then run again.',
  machine: 'Put this machine right, then run again.',
  harness: 'Run again; if it comes back, report it together with results.json.',
}

/** Of one run, whole: what the parts below give, in the order of the files. */
export function formatTerminal(report: RunReport, style: Style): string {
  const lines = [...formatStart(report, style)]
  let place = NOWHERE
  const told = new Set<string>()
  for (const test of report.tests) {
    const next = placeOf(test, environmentOf(report, test.file))
    lines.push(...formatPlace(next, place, style), ...formatTest(test, style, told))
    place = next
  }
  return [...lines, ...formatEnd(report, style)].join('\n')
}

export const formatStart = (
  { tool, target }: Pick<RunReport, 'tool' | 'target'>,
  style: Style,
): readonly string[] => [paint(`${tool.name} ${tool.version}`, 'bold', style) + `, target ${target}`]

/** Where the last line stood: file, suite and environment. */
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

/** The headings to write at `place` when the last line stood at `before`. */
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

/** `told`: what was explained before; the same explanation is given once, and later named by its code. */
export function formatTest(test: TestReport, style: Style, told: Set<string> = new Set()): readonly string[] {
  const indent = test.suite.length === 0 ? 2 : 4
  const rows = test.expectations.flatMap((one) => formatExpectation(one, style, told))
  const unrun = test.verdict === 'skipped' || test.verdict === 'interrupted'
  if (rows.length === 0 || unrun || test.problems.length > 0) {
    rows.push(...marked(test.verdict, `${test.name}${note(test)}`, [], style))
    for (const problem of test.problems) rows.push(...formatProblem(problem, style))
  }
  return rows.map((row) => `${' '.repeat(indent)}${row}`.trimEnd())
}

function note({ verdict, skipReason, problems }: TestReport): string {
  if (verdict === 'skipped') return `: skipped, ${skipReason ?? 'no reason given'}`
  return verdict === 'interrupted' && problems.length === 0 ? ': not run, the run was interrupted' : ''
}

function formatExpectation(one: Expectation, style: Style, told: Set<string>): readonly string[] {
  const shown = one.verdict === 'passed' || isGating(one) ? one.verdict : 'waived'
  const tolerance = wrapLines(toleranceOf(one) ?? '', style.width - 10).filter((line) => line !== '')
  const lines = [
    ...marked(shown, one.statement, factsOf(one), style),
    ...tolerance.map((line) => `    ${line}`),
  ]
  if (one.code === undefined) return lines
  const explanation = explained(one.code, one.reasons, undefined, style)
  const known = told.has(explanation.join('\n'))
  told.add(explanation.join('\n'))
  return [...lines, ...(known ? [`    ${one.code}: as above`] : explanation)]
}

/** Only a fault in claimcheck itself is explained by where it was thrown. */
function formatProblem({ code, message, hint, stack }: ReportedProblem, style: Style): readonly string[] {
  const frame = stack?.split('\n').find((line) => /^\s*(at|❯) /.test(line))
  const at = code === 'INTERNAL' && frame !== undefined ? [frame.trim()] : []
  const told = hint === undefined || message.includes(hint) ? [] : [hint]
  return explained(code, [message, ...told, ...at], hint, style)
}

/** The code, what was found, and what to do unless `hint` said that already. */
function explained(
  code: ErrorCode,
  found: readonly string[],
  hint: string | undefined,
  style: Style,
): string[] {
  const { title, category } = ERROR_CATALOGUE[code]
  const room = style.width - 12
  return [
    ...wrapLines(`${code}: ${title}`, room).map((line) => `    ${line}`),
    ...found.flatMap((text) => wrapLines(text, room)).map((line) => `      ${line}`),
    ...(hint === undefined ? [`    ${WHAT_TO_DO[category]}`] : []),
  ]
}

/** A mark, a sentence and what is to be said of it: on one line where that fits, else the facts folded below. */
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

const RECAPPED: ReadonlySet<TestVerdict> = new Set(['failed', 'inconclusive', 'waived', 'warned'])

/** Problems outside tests, what is not passed, and the totals. */
export function formatEnd(report: RunReport, style: Style): readonly string[] {
  const problems = report.problems.flatMap((problem) => [
    ...marked('inconclusive', problem.subject ?? problem.file ?? 'the run', [], style),
    ...formatProblem(problem, style),
  ])
  const bad = report.tests.filter(({ verdict }) => RECAPPED.has(verdict))
  const recap = bad.flatMap(({ verdict, file, suite, name }) =>
    marked(verdict, `${verdict}: ${[file, ...suite, name].join(' > ')}`, [], style),
  )
  const notes = (report.notes ?? []).flatMap((line) => wrapLines(line, style.width))
  return [
    ...(problems.length === 0 ? [] : ['', ...problems]),
    ...(recap.length === 0 ? [] : ['', ...recap]),
    ...(notes.length === 0 ? [] : ['', ...notes]),
    '',
    ...formatTotals(report, style),
  ]
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
