/** Every suite as sentences, each with what was measured, its interval and its limit. */
import { toleranceOf, type Expectation } from '../../expect/expectation.ts'
import { isGating } from '../../expect/waiver.ts'
import { environmentOf, isAccepted, isEmulated, type TestReport } from '../run-report.ts'
import { markup, type Content, type Markup } from './markup.ts'
import { testId, type RunView } from './run-view.ts'
import { detailsOf } from './test-details.ts'
import { count, EMULATED_BADGE, environmentText, intervalText, markFor } from './words.ts'

/** With more tests than this, suites in which all passed are folded. */
const MOST_OPEN = 60
const COLUMNS = ['Verdict', 'Statement', 'Measured', 'Interval', 'Limit']

export function suites(view: RunView): Markup | undefined {
  const { report, prefix } = view
  if (report.tests.length === 0) return undefined
  const files = [...Map.groupBy(report.tests, ({ file }) => file)]
  return markup`<section id="${prefix}statements"><h2>Statements</h2>
${files.map(([file, tests]) => {
  const environment = environmentOf(report, file)
  return markup`<h3>${file} ${isEmulated(environment) && EMULATED_BADGE}</h3>
<p class="quiet">${environmentText(environment)}</p>
${[...Map.groupBy(tests, ({ suite }) => suite.join(' › '))].map(([name, own]) => suiteOf(name, own, view))}`
})}</section>`
}

function suiteOf(name: string, tests: readonly TestReport[], view: RunView): Markup {
  const bad = tests.filter(({ verdict }) => !isAccepted(verdict)).length
  const skipped = tests.filter(({ verdict }) => verdict === 'skipped').length
  const folded = bad === 0 && (view.report.tests.length > MOST_OPEN || skipped === tests.length)
  const counts = [
    count(tests.length, 'test'),
    ...(bad > 0 ? [`${bad} not passed`] : []),
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
  ].join(', ')
  return markup`<details class="suite"${!folded && markup` open`}><summary>${name === '' ? 'Tests of the file' : name} <span class="quiet">${counts}</span></summary>
<table class="verdicts"><thead><tr>${COLUMNS.map((column) => markup`<th scope="col">${column}</th>`)}</tr></thead>
<tbody>${groupsOf(tests).map((group) => rowsOf(group, view))}</tbody></table></details>\n`
}

/** Tests that were skipped one after another for the same reason are one row. */
function groupsOf(tests: readonly TestReport[]): readonly (readonly TestReport[])[] {
  const groups: TestReport[][] = []
  for (const test of tests) {
    const last = groups.at(-1)
    const both = last?.[0]?.verdict === 'skipped' && test.verdict === 'skipped'
    if (last !== undefined && both && last[0]?.skipReason === test.skipReason) last.push(test)
    else groups.push([test])
  }
  return groups
}

function rowsOf(group: readonly TestReport[], view: RunView): readonly Markup[] {
  const [test] = group
  if (test === undefined) return []
  if (test.verdict === 'skipped') return [skippedRow(group, test, view)]
  if (test.expectations.length === 0) return [bareRow(test, view)]
  return test.expectations.map((one, index) => expectationRow(one, test, view, index === 0))
}

function expectationRow(one: Expectation, test: TestReport, view: RunView, first: boolean): Markup {
  const excused = one.verdict !== 'passed' && !isGating(one)
  const shown = !excused ? one.verdict : one.waiver === undefined ? 'warned' : 'waived'
  const tolerance = toleranceOf(one)
  return markup`<tr${first && anchor(test, view)}><td>${linkedTag(shown, test, view)}</td><td>${detailsOf(one, test)}${tolerance !== undefined && markup`<span class="quiet">${tolerance}</span>`}</td><td data-label="Measured">${one.measured}</td><td data-label="Interval">${intervalText(one)}</td><td data-label="Limit">${one.limit}</td></tr>\n`
}

const bareRow = (test: TestReport, view: RunView): Markup =>
  markup`<tr${anchor(test, view)}><td>${linkedTag(test.verdict, test, view)}</td><td>${test.name}</td><td class="whole" colspan="3"></td></tr>\n`

function skippedRow(group: readonly TestReport[], test: TestReport, view: RunView): Markup {
  const names =
    group.length === 1
      ? test.name
      : markup`<details class="more"><summary>${count(group.length, 'test')}</summary><ul class="causes">${group.map(({ name }) => markup`<li>${name}</li>`)}</ul></details>`
  return markup`<tr${anchor(test, view)}><td>${linkedTag('skipped', test, view)}</td><td>${names}</td><td class="whole" colspan="3">${test.skipReason ?? 'no reason given'}</td></tr>\n`
}

/** A test that is not passed has its anchor where its causes are. */
const anchor = (test: TestReport, { prefix }: RunView): Content =>
  isAccepted(test.verdict) && markup` id="${testId(test, prefix)}"`

/** The verdict, as a link to the test's anchor. */
const linkedTag = (verdict: string, test: TestReport, { prefix }: RunView): Markup =>
  markup`<a class="tag ${verdict}" href="#${testId(test, prefix)}">${markFor(verdict)} ${verdict}</a>`
