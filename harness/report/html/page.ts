/**
 * The report page, `index.html`: one file that holds runs, their plots and their evidence, and needs no script, no server
 * and no network. Its only input is what `results.json` records.
 */
import { changes, type Changes } from './changes.ts'
import { evidence } from './evidence.ts'
import { emulatedBanner, facts, header } from './header.ts'
import { Markup, markup } from './markup.ts'
import { measurements } from './measurements.ts'
import { notPassed } from './not-passed.ts'
import { viewOf, type PageReport, type RunView } from './run-view.ts'
import { EMULATED_STYLE, STYLE } from './style.ts'
import { suites } from './suites.ts'
import { history, type Trend } from './trend.ts'

/** No script, no frame, nothing from elsewhere; `report.css` may lie beside the page. */
const POLICY = "default-src 'none'; style-src 'self' 'unsafe-inline'; base-uri 'none'; form-action 'none'"

export interface PageInput {
  /** In the order in which they are shown. */
  readonly reports: readonly PageReport[]
  readonly trend?: Trend | undefined
  /** What changed from the first to the second of two runs. */
  readonly changes?: Changes | undefined
}

/** The text of `index.html`. */
export function formatPage({ reports, trend, changes: changed }: PageInput): string {
  const views = reports.map((report, index) => viewOf(report, reports.length > 1 ? `run-${index + 1}-` : ''))
  const emulated = views.some((view) => view.emulated)
  const several = views.length > 1
  return markup`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${titleOf(views)}</title>
<link rel="stylesheet" href="report.css">
<style>${new Markup(STYLE)}${emulated && new Markup(`\n${EMULATED_STYLE}`)}</style>
</head>
<body>
${emulatedBanner(views)}
<main class="page">
${several && markup`<div class="top"><h1>${views.length} runs</h1></div>`}
${changed !== undefined && changes(changed)}
${views.map((view) => run(view, several))}
${trend !== undefined && history(trend)}
<footer><p>Written by claimcheck ${reports.at(-1)?.tool.version ?? ''} from results.json. ${emulated && 'EMULATED: figures do not come from hardware.'}</p></footer>
</main>
</body>
</html>
`.text
}

function run(view: RunView, several: boolean): Markup {
  const parts = [
    ['not-passed', 'Not passed', notPassed(view)],
    ['statements', 'Statements', suites(view)],
    ['measurements', 'Measurements', measurements(view)],
    ['evidence', 'Evidence', evidence(view)],
  ] as const
  const there = parts.filter(([, , part]) => part !== undefined)
  return markup`${header(view, several ? 2 : 1)}
${there.length > 0 && markup`<nav class="contents" aria-label="${several ? `Contents of run ${view.report.run}` : 'Contents'}"><ul>${there.map(([id, title]) => markup`<li><a href="#${view.prefix}${id}">${title}</a></li>`)}</ul></nav>`}
${there.map(([, , part]) => part)}
<section><h2>About the run</h2>${facts(view)}</section>`
}

function titleOf(views: readonly RunView[]): string {
  const [view] = views
  if (view === undefined || views.length > 1) return `${views.length} runs · claimcheck`
  const sku = Object.values(view.report.files).find((file) => file.sku !== undefined)?.sku ?? 'no SKU'
  return `${view.verdict}: ${sku} on ${view.report.target}${view.emulated ? ' (EMULATED)' : ''} · claimcheck`
}
