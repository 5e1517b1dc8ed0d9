/** The history of runs like this one: figures of the last runs, with the last green one and what it measured. */
import { scaleLinear } from 'd3-scale'
import { formatRate, gigabytesPerSecond } from '../../core/units.ts'
import { markup, px, type Markup } from './markup.ts'
import { bottomAxis, leftAxis, originNote, type Area } from './plots/axes.ts'
import { figureOf, type Plot } from './plots/figure.ts'
import { legend, LEGEND_LINE, lineOf, markOf } from './plots/series.ts'
import { partId } from './run-view.ts'
import { instant } from './words.ts'

export interface TrendRun {
  readonly run: string
  readonly finishedAt: string
  readonly verdict: string
  /** By comparison, then by arm: bandwidth in GB/s over the rounds. */
  readonly figures: Readonly<Record<string, Readonly<Record<string, TrendFigure>>>>
}

export interface TrendFigure {
  readonly mean: number
  readonly least: number
  readonly most: number
}

export interface Trend {
  /** In the order of their ends, the newest last; all of one SKU and target. */
  readonly runs: readonly TrendRun[]
  readonly emulated: boolean
}

const MOST_RUNS = 30
const MOST_PLOTS = 12
const WIDTH = 440
const AREA: Area = { left: 58, top: 34, right: WIDTH - 16, bottom: 200 }

export function history({ runs, emulated }: Trend): Markup | undefined {
  if (runs.length < 2) return undefined
  const shown = runs.slice(-MOST_RUNS)
  const names = [...new Set(shown.flatMap(({ figures }) => Object.keys(figures)))]
  return markup`<section id="history"><h2>History</h2>
<p class="quiet">The last ${shown.length} runs of this SKU and target that could be certified${emulated && ', EMULATED'}. Figures are means over the rounds of a run, with the least and the most.</p>
<div class="plots">${names.slice(0, MOST_PLOTS).map((name) => figureOf(trendPlot(name, shown), partId('', 'trend', name)))}</div>
${runTable(shown)}</section>`
}

function runTable(runs: readonly TrendRun[]): Markup {
  return markup`<details class="bulk"><summary>Runs</summary><div class="wide"><table><thead><tr><th scope="col">Finished</th><th scope="col">Verdict</th><th scope="col">Run</th></tr></thead><tbody>${runs
    .toReversed()
    .map(
      ({ run, finishedAt, verdict }) =>
        markup`<tr><th scope="row">${instant(finishedAt)}</th><td>${verdict}</td><td>${run}</td></tr>\n`,
    )}</tbody></table></div></details>`
}

function trendPlot(name: string, runs: readonly TrendRun[]): Plot {
  const arms = [...new Set(runs.flatMap(({ figures }) => Object.keys(figures[name] ?? {})))]
  const most = Math.max(
    ...runs.flatMap(({ figures }) => Object.values(figures[name] ?? {}).map((figure) => figure.most)),
  )
  const y = scaleLinear([0, most * 1.08], [AREA.bottom, AREA.top]).nice(5)
  const x = scaleLinear([-0.5, runs.length - 0.5], [AREA.left, AREA.right])
  const green = runs
    .slice(0, -1)
    .findLastIndex((run) => run.verdict === 'passed' && run.figures[name] !== undefined)
  const last = runs[green]
  const title = name.slice(name.lastIndexOf(': ') + 1).trim()
  return {
    title: `Bandwidth of ${title}, run by run`,
    alternative: arms
      .map(
        (arm) =>
          `${arm}: ${runs.flatMap(({ figures }) => figures[name]?.[arm]?.mean.toFixed(2) ?? []).join(', ')} GB/s`,
      )
      .join('; '),
    width: WIDTH,
    height: AREA.bottom + 46 + arms.length * LEGEND_LINE,
    drawing: [
      leftAxis({ at: y, ticks: y.ticks(5), format: String, label: 'bandwidth in GB/s' }, AREA),
      bottomAxis(
        {
          at: x,
          ticks: x.ticks(8).filter((tick) => Number.isInteger(tick) && tick >= 0 && tick < runs.length),
          format: (index) => String(index + 1),
          label: 'run, the newest on the right',
        },
        AREA,
      ),
      last !== undefined && [
        arms.flatMap((arm) => {
          const figure = last.figures[name]?.[arm]
          return figure === undefined
            ? []
            : [
                markup`<rect x="${AREA.left}" y="${px(y(figure.most) - 1)}" width="${px(AREA.right - AREA.left)}" height="${px(y(figure.least) - y(figure.most) + 2)}" fill="currentColor" fill-opacity="0.1"/>`,
              ]
        }),
        markup`<text x="${px(x(green))}" y="${px(AREA.bottom - 6)}" text-anchor="middle" font-size="11">last green</text><path d="M${px(x(green))} ${px(AREA.top)}V${px(AREA.bottom - 20)}" stroke="currentColor" stroke-opacity="0.4" stroke-dasharray="2 3"/>`,
      ],
      arms.map((arm, index) => {
        const points = runs.flatMap(({ figures, finishedAt, verdict }, place) => {
          const figure = figures[name]?.[arm]
          return figure === undefined ? [] : [{ ...figure, place, finishedAt, verdict }]
        })
        return [
          lineOf(
            points
              .map(({ mean, place }, i) => `${i === 0 ? 'M' : 'L'}${px(x(place))} ${px(y(mean))}`)
              .join(''),
            index,
            1,
          ),
          points.map(({ mean, least, most, place, finishedAt, verdict }) => [
            lineOf(`M${px(x(place))} ${px(y(least))}V${px(y(most))}`, index),
            markOf({ x: x(place), y: y(mean) }, index, {
              title: `${instant(finishedAt)}, ${verdict}: ${arm} ${rate(mean)}`,
            }),
          ]),
        ]
      }),
      legend(
        arms.map((arm, index) => ({ name: arm, index })),
        AREA.left,
        AREA.bottom + 52,
      ),
    ],
    notes: [
      originNote('vertical', 0, String),
      ...(last === undefined ? [] : ['Shaded: what the last green run before this one measured.']),
    ],
    table: {
      columns: ['run', 'verdict', ...arms],
      rows: runs.map(({ finishedAt, verdict, figures }) => [
        instant(finishedAt),
        verdict,
        ...arms.map((arm) => {
          const figure = figures[name]?.[arm]
          return figure === undefined
            ? ''
            : `${rate(figure.mean)} (${rate(figure.least)} to ${rate(figure.most)})`
        }),
      ]),
    },
  }
}

const rate = (value: number): string => formatRate(gigabytesPerSecond(value))
