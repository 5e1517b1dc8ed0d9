/**
 * `npm run baselines`: simulates baselines of SKUs with known figures and writes the table in docs/baseline.md, between its
 * markers. Seeded: the same sources give the same table.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { stdout } from 'node:process'
import { simulateBaselines, SLOWER, type Outcome, type Scenario } from './baseline/simulate.ts'

const PAGE = new URL('../docs/baseline.md', import.meta.url)
const SKUS = 1000
const SEED = 1
const SPREADS = [0.003, 0.01, 0.02, 0.03] as const

const scenarios: Scenario[] = (['nodes', 'pairs'] as const).flatMap((units) =>
  [1, 2, 3, 4, 8, 16].flatMap((nodes) =>
    units === 'pairs' && nodes < 2
      ? []
      : SPREADS.map((spread) => ({ units, nodes, spread, noise: spread / 2 })),
  ),
)

const percent = (count: number, of: number): string => ((100 * count) / of).toFixed(1)

const row = (one: Outcome): string =>
  `| ${[
    one.units === 'nodes' ? `${one.nodes}` : `${one.nodes}, in pairs`,
    `${(100 * one.spread).toFixed(1)} %`,
    `${(100 * one.lower).toFixed(1)} %`,
    `${percent(one.soundPassed, one.skus)} / ${percent(one.soundFailed, one.skus)}`,
    ...one.badCaught.map((caught) => percent(caught, one.skus)),
    percent(one.soundLeftOut, one.skus),
    one.badLeftOut === undefined ? '' : percent(one.badLeftOut, one.skus),
  ].join(' | ')} |`

const head = [
  'nodes',
  'spread',
  'lower bound',
  'sound: passed / failed, %',
  ...SLOWER.map((share) => `${100 * share} % slower, caught, %`),
  'left out: a sound node, %',
  'the bad node, %',
]
const table = [
  `| ${head.join(' | ')} |`,
  `| ${head.map((_, index) => (index === 0 ? '---' : '--:')).join(' | ')} |`,
  ...scenarios.map((scenario) => row(simulateBaselines(scenario, SKUS, SEED))),
].join('\n')

const marks = /(<!-- measured: baselines -->)[^]*?(<!-- end -->)/
const page = await readFile(PAGE, 'utf8')
if (!marks.test(page)) throw new TypeError(`${PAGE.pathname} has no marker "measured: baselines"`)
await writeFile(
  PAGE,
  page.replace(marks, (_, begin: string, end: string) => `${begin}\n\n${table}\n\n${end}`),
)
stdout.write(`docs/baseline.md written: ${scenarios.length * SKUS} simulated SKUs\n`)
