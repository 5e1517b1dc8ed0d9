/** The head of the page: what a person should know within five seconds. */
import { describeCoverage, describeLeftOut } from '../coverage.ts'
import { markup, type Content, type Markup } from './markup.ts'
import type { RecordedComparison } from './recorded-evidence.ts'
import type { RunView, Share } from './run-view.ts'
import { count, definitions, duration, environmentText, instant, markFor } from './words.ts'

const MOST_NAMED = 6

export function emulatedBanner(views: readonly RunView[]): Markup | undefined {
  const emulated = views.filter((view) => view.emulated)
  if (emulated.length === 0) return undefined
  const whose =
    emulated.length === views.length
      ? 'The figures on this page do'
      : `The figures of ${count(emulated.length, 'run')} of ${views.length} on this page do`
  return markup`<section class="emulated" aria-label="Where the figures come from"><strong>EMULATED</strong> ${whose} not come from hardware.</section>`
}

export function header(view: RunView, level: 1 | 2): Markup {
  const { report, verdict } = view
  const sku = Object.values(report.files).find((file) => file.sku !== undefined)?.sku
  const title = markup`<span class="verdict ${verdict}">${markFor(verdict)} ${capital(verdict)}</span> <span>${sku ?? 'no SKU'} on target ${report.target}</span>`
  return markup`<header class="top">
${level === 1 ? markup`<h1>${title}</h1>` : markup`<h2>${title}</h2>`}
<p class="lead">${leadOf(view)}</p>
<dl class="tiles">
${definitions([
  ['Tests', testsOf(view)],
  ['Devices that took part in transfers', coverageOf(view)],
  ['Devices to look at', namedOf(view)],
  ['Run', runOf(view)],
])}</dl>
</header>`
}

/** What the run was made with; folded. */
export function facts({ report, comparisons }: RunView): Markup {
  const [file] = Object.values(report.files)
  const environments = [...new Set(Object.values(report.files).map(environmentText))]
  const libraries = librariesOf(comparisons)
  const profile = Object.values(report.files).find((one) => one.profile !== undefined)?.profile
  const entries: (readonly [string, Content])[] = [
    ['Run', report.run],
    ['Started', instant(report.startedAt)],
    ['Finished', instant(report.finishedAt)],
    ['Where', environments.join('; ') || `target ${report.target}`],
    ...(profile === undefined
      ? []
      : ([
          ['SKU', `${profile.name}: ${profile.description}`],
          ['References', profile.reference.source],
        ] as const)),
    ...(report.coverage === undefined
      ? []
      : [
          [
            'Coverage',
            [describeCoverage(report.coverage), ...describeLeftOut(report.coverage)].join('; '),
          ] as const,
        ]),
    ['claimcheck', report.tool.version],
    ...(report.host === undefined
      ? []
      : [
          [
            'Run by',
            `Node ${report.host.node} on ${report.host.platform}, ${count(report.host.cpus, 'CPU')}`,
          ] as const,
        ]),
    ...(libraries === '' ? [] : [['Libraries in transfers', libraries] as const]),
    ...Object.entries(file?.nodes ?? {})
      .slice(0, 32)
      .map(
        ([node, drivers]) =>
          [
            node,
            Object.entries(drivers)
              .map(
                ([driver, { devices, attributes }]) =>
                  `${driver}: ${count(devices, 'device')}, ${Object.entries(attributes)
                    .map(([name, values]) => `${name} ${values.join(', ')}`)
                    .join('; ')}`,
              )
              .join('. '),
          ] as const,
      ),
  ]
  return markup`<details class="suite"><summary>The run and its versions</summary><dl class="facts">${entries.map(([term, what]) => markup`<dt>${term}</dt><dd>${what}</dd>\n`)}</dl></details>`
}

/** `nixl 1.5.1; ucx 1.23.0` */
function librariesOf(comparisons: readonly RecordedComparison[]): string {
  const versions = comparisons.flatMap(({ rounds }) =>
    rounds.flatMap(({ arms }) =>
      [...arms.values()].flatMap(({ outcome }) => Object.entries(outcome.result.library_versions)),
    ),
  )
  const present = versions.flatMap(([name, version]) => (version === null ? [] : [`${name} ${version}`]))
  return [...new Set(present)].sort().join('; ')
}

const capital = (word: string): string => word.slice(0, 1).toUpperCase() + word.slice(1)

function leadOf({ report, verdict }: RunView): string {
  const bad = report.tests.filter(({ verdict }) =>
    ['failed', 'inconclusive', 'interrupted'].includes(verdict),
  ).length
  if (report.tests.length === 0) return 'No test was run.'
  if (verdict === 'interrupted') return 'The run was interrupted: what it did not reach was not tested.'
  if (verdict === 'passed') return 'Every statement that was tested holds within its limit.'
  return bad === 0
    ? 'No test failed, but the run had an error outside its tests.'
    : `${bad} of ${count(report.tests.length, 'test')} ${bad === 1 ? 'is' : 'are'} not passed.`
}

function testsOf({ report }: RunView): Content {
  const verdicts = ['failed', 'inconclusive', 'interrupted', 'passed', 'waived', 'warned', 'skipped'] as const
  const counts = verdicts
    .map((verdict) => [verdict, report.tests.filter((test) => test.verdict === verdict).length] as const)
    .filter(([verdict, n]) => n > 0 || verdict === 'passed')
  const [first, ...others] = counts
  return markup`<strong>${first?.[1] ?? 0}</strong> ${[first?.[0] ?? '', ...others.map(([verdict, n]) => `${n} ${verdict}`)].join(', ')}`
}

function coverageOf({ coverage: { nodes, gpus, nics }, report }: RunView): Content {
  if (nodes.part === 0) return 'none: no transfer was measured'
  const text = ({ part, whole }: Share): string => `${part} of ${whole}`
  return markup`<strong>${text(nodes)}</strong> ${nodes.whole === 1 ? 'node' : 'nodes'}${gpus.whole > 0 && `, ${text(gpus)} GPUs`}${nics.whole > 0 && `, ${text(nics)} NICs`}${report.coverage !== undefined && report.coverage.leftOut.length > 0 && `; ${report.coverage.leftOut.length} left out`}`
}

function namedOf({ named, verdict }: RunView): Content {
  if (named.size === 0) return verdict === 'passed' ? 'none' : 'none by name; see the causes below'
  const all = [...named]
  return markup`<ul>${all.slice(0, MOST_NAMED).map(([device, times]) => markup`<li><strong>${device}</strong> <span class="quiet">in ${count(times, 'statement')}</span></li>`)}${all.length > MOST_NAMED && markup`<li>and ${all.length - MOST_NAMED} more</li>`}</ul>`
}

function runOf({ report }: RunView): Content {
  const seconds = (Date.parse(report.finishedAt) - Date.parse(report.startedAt)) / 1000
  return markup`${instant(report.startedAt)}, ${duration(seconds)}<br>claimcheck ${report.tool.version}`
}
