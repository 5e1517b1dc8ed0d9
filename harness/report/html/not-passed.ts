/** What is not passed, with its causes and what to do: the first thing below the head of the page. */
import { ERROR_CATALOGUE, type ErrorCode } from '../../core/errors.ts'
import { toleranceOf, type Expectation } from '../../expect/expectation.ts'
import { isAccepted, type ReportedProblem, type TestReport } from '../run-report.ts'
import { WHAT_TO_DO } from '../terminal.ts'
import { markup, type Markup } from './markup.ts'
import { partId, testId, unmet, type RunView } from './run-view.ts'
import { definitions, EMULATED_BADGE, intervalText, markFor, tag } from './words.ts'

const MOST_REASONS = 20

export function notPassed(view: RunView): Markup | undefined {
  const tests = view.report.tests.filter(({ verdict }) => !isAccepted(verdict))
  const failed = tests.filter(({ verdict }) => verdict === 'failed')
  const others = tests.filter(({ verdict }) => verdict !== 'failed')
  const { problems } = view.report
  if (tests.length + problems.length === 0) return undefined
  return markup`<section id="${view.prefix}not-passed"><h2>Not passed</h2>
${problems.map((problem) => problemCard(problem, view))}${[...failed, ...others].map((test) => testCard(test, view))}</section>`
}

function testCard(test: TestReport, { prefix }: RunView): Markup {
  const { file, suite, name, verdict, problems } = test
  const expectations = unmet(test)
  const [first] = expectations
  const unrun = verdict === 'interrupted' && problems.length === 0
  return markup`<article class="card ${verdict}" id="${testId(test, prefix)}">
<h3>${name} ${tag(verdict)} ${first?.statement === name && first.emulated && EMULATED_BADGE}</h3>
<p class="where">${suite.join(' › ')}${suite.length > 0 && ' · '}${file}</p>
${expectations.map((one) => expectationOf(one, name))}${problems.map((problem) => problemOf(problem))}${unrun && markup`<p>It was not run to its end, because the run was interrupted.</p>`}
</article>\n`
}

function expectationOf(one: Expectation, test: string): Markup {
  const { statement, verdict, code, measured, detail, limit, interval, reasons, emulated } = one
  const tolerance = toleranceOf(one)
  return markup`<div class="expectation">
${statement !== test && markup`<h4>${markFor(verdict)} ${statement} ${emulated && EMULATED_BADGE}</h4>`}
<dl class="figures">${definitions([
    ['Measured', measured],
    ['Limit', limit],
    ...(interval === undefined
      ? []
      : [['Interval', `${intervalText(one)}, ${interval.rounds} rounds`] as const]),
    ...(detail === undefined ? [] : [['Made of', detail] as const]),
    ...(code === undefined ? [] : [['Code', code] as const]),
  ])}</dl>
${reasonsOf(reasons)}${tolerance !== undefined && markup`<p>${tolerance}</p>`}${reasons.length === 0 && adviceOf(code)}</div>`
}

/** The reasons of an expectation, one an item. */
export function reasonsOf(reasons: readonly string[]): Markup | undefined {
  if (reasons.length === 0) return undefined
  const left = reasons.length - MOST_REASONS
  return markup`<ul class="causes">${reasons.slice(0, MOST_REASONS).map((reason) => markup`<li class="lines">${reason}</li>`)}${left > 0 && markup`<li>and ${left} more in results.json</li>`}</ul>`
}

function problemCard(problem: ReportedProblem, { prefix }: RunView): Markup {
  const { file, code, message } = problem
  return markup`<article class="card inconclusive" id="${partId(prefix, 'problem', file ?? '', code, message)}">
<h3>${file ?? 'The run'} ${tag(code === 'INTERRUPTED' ? 'interrupted' : 'inconclusive')}</h3>
${problemOf(problem)}</article>\n`
}

function problemOf({ code, message, hint, stack }: ReportedProblem): Markup {
  const known = hint !== undefined && message.includes(hint)
  return markup`<div class="expectation"><p class="lines">${message}</p>
<dl class="figures">${definitions([['Code', `${code}: ${ERROR_CATALOGUE[code].title}`]])}</dl>
${hint !== undefined ? !known && markup`<p class="hint">${hint}</p>` : adviceOf(code)}${stack !== undefined && markup`<details class="more"><summary>Where it was thrown</summary><p class="lines"><code>${stack}</code></p></details>`}</div>`
}

function adviceOf(code: ErrorCode | undefined): Markup | undefined {
  const advice = code === undefined ? undefined : WHAT_TO_DO[ERROR_CATALOGUE[code].category]
  return advice === undefined ? undefined : markup`<p class="hint">${advice}</p>`
}
