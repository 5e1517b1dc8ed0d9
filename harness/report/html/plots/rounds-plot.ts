/** A figure of every round, as points, beside the interval and the limits that the verdict was made from. */
import { scaleLinear } from 'd3-scale'
import { markup, px, type Content, type Markup } from '../markup.ts'
import { bottomAxis, leftAxis, limitLine, originNote, type Area } from './axes.ts'
import type { Plot } from './figure.ts'
import { legend, LEGEND_LINE, lineOf, markOf } from './series.ts'

interface RoundSeries {
  readonly name: string
  readonly values: readonly { readonly round: number; readonly value: number }[]
  readonly interval?: { readonly estimate: number; readonly low: number; readonly high: number } | undefined
}

export interface RoundsPlot {
  readonly title: string
  /** `bandwidth in GB/s`. */
  readonly label: string
  readonly series: readonly RoundSeries[]
  readonly limits: readonly { readonly value: number; readonly text: string }[]
  readonly format: (value: number) => string
}

const WIDTH = 440
const INTERVAL_WIDTH = 26

export function roundsPlot({ title, label, series, limits, format }: RoundsPlot): Plot {
  const rounds = [...new Set(series.flatMap(({ values }) => values.map(({ round }) => round)))].sort(
    (a, b) => a - b,
  )
  const named = series.length > 1
  const intervals = series.flatMap(({ interval }, index) =>
    interval === undefined ? [] : [{ ...interval, index }],
  )
  const area: Area = {
    left: 58,
    top: 34,
    right: WIDTH - 10 - INTERVAL_WIDTH * (intervals.length + 1),
    bottom: 212,
  }
  const { low, high, clipped } = rangeOf(series, limits)
  const y = scaleLinear([low, high], [area.bottom, area.top]).nice(5)
  const [from = 0, to = 0] = y.domain()
  const first = rounds[0] ?? 1
  const last = rounds.at(-1) ?? first
  const x = scaleLinear([first - 0.5, last + 0.5], [area.left, area.right])
  const wide = { ...area, right: WIDTH - 10 }
  const ticks = rounds.length <= 12 ? rounds : x.ticks(8).filter((tick) => Number.isInteger(tick))
  const points = series.map(({ name, values }, index) => [
    lineOf(
      values.map(({ round, value }, i) => `${i === 0 ? 'M' : 'L'}${px(x(round))} ${px(y(value))}`).join(''),
      index,
      1,
    ),
    values.map(({ round, value }) =>
      markOf({ x: x(round), y: y(value) }, index, { title: `${name}, round ${round}: ${format(value)}` }),
    ),
  ])
  const bars = intervals.map((interval, place) =>
    intervalBar({ ...interval, at: area.right + INTERVAL_WIDTH * (place + 0.8), y, from, to }),
  )
  return {
    title,
    alternative: alternativeOf(series, limits, format),
    width: WIDTH,
    height: area.bottom + 42 + (named ? series.length * LEGEND_LINE : 0),
    drawing: [
      leftAxis({ at: y, ticks: y.ticks(5), format, label }, wide),
      bottomAxis({ at: x, ticks, format: String, label: 'round' }, area),
      intervals.length > 0 &&
        markup`<text class="quiet" x="${px((area.right + WIDTH - 10) / 2)}" y="${px(area.bottom + 18)}" text-anchor="middle">interval</text>`,
      limits.map(({ value, text }) => limitLine(y(value), wide, text)),
      points,
      bars,
      named &&
        legend(
          series.map(({ name }, index) => ({ name, index })),
          area.left,
          area.bottom + 52,
        ),
    ],
    notes: [
      originNote('vertical', from, format),
      ...(clipped ? ['An interval is wider than the plot; the table has its bounds.'] : []),
    ],
    table: tableOf(series, rounds, limits, format),
  }
}

interface IntervalBar {
  readonly estimate: number
  readonly low: number
  readonly high: number
  readonly at: number
  readonly index: number
  readonly y: (value: number) => number
  readonly from: number
  readonly to: number
}

/** Open at an end that lies outside the plot. */
function intervalBar({ estimate, low, high, at, index, y, from, to }: IntervalBar): Markup {
  const bottom = y(Math.max(low, from))
  const top = y(Math.min(high, to))
  const caps: Content = [
    low >= from && lineOf(`M${px(at - 6)} ${px(bottom)}h12`, index, 2),
    high <= to && lineOf(`M${px(at - 6)} ${px(top)}h12`, index, 2),
  ]
  return markup`<g class="interval">${lineOf(`M${px(at)} ${px(bottom)}V${px(top)}`, index, 2)}${caps}${markOf({ x: at, y: y(estimate) }, index, { size: 60 })}</g>`
}

/** From all points and limits; from intervals up to three times the span of these. */
function rangeOf(
  series: readonly RoundSeries[],
  limits: RoundsPlot['limits'],
): { low: number; high: number; clipped: boolean } {
  const shown = [
    ...series.flatMap(({ values }) => values.map(({ value }) => value)),
    ...limits.map(({ value }) => value),
  ]
  const [least, most] = [Math.min(...shown), Math.max(...shown)]
  const reach = Math.max(most - least, most * 0.1) * 1.5
  const bounds = series.flatMap(({ interval }) =>
    interval === undefined ? [] : [interval.low, interval.high],
  )
  const low = Math.max(0, least - reach, Math.min(least, ...bounds))
  const high = Math.min(most + reach, Math.max(most, ...bounds))
  const margin = (high - low) * 0.06
  return {
    // Most of the way down to 0 is shown to its end, so that heights can be compared.
    low: low < high / 2 ? 0 : low - margin,
    high: high + margin,
    clipped: bounds.some((bound) => bound < low || bound > high),
  }
}

function alternativeOf(
  series: readonly RoundSeries[],
  limits: RoundsPlot['limits'],
  format: (value: number) => string,
): string {
  const parts = series.map(({ name, values, interval }) => {
    const all = values.map(({ value }) => value)
    const range = `${name}: ${format(Math.min(...all))} to ${format(Math.max(...all))} over ${all.length} rounds`
    return interval === undefined
      ? range
      : `${range}, interval ${format(interval.low)} to ${format(interval.high)}`
  })
  return [...parts, ...limits.map(({ text }) => text)].join('; ')
}

function tableOf(
  series: readonly RoundSeries[],
  rounds: readonly number[],
  limits: RoundsPlot['limits'],
  format: (value: number) => string,
): Plot['table'] {
  const valueOf = ({ values }: RoundSeries, round: number): string => {
    const value = values.find((one) => one.round === round)?.value
    return value === undefined ? '' : format(value)
  }
  const of = (interval: RoundSeries['interval'], part: 'estimate' | 'low' | 'high'): string =>
    interval === undefined ? '' : format(interval[part])
  return {
    columns: ['round', ...series.map(({ name }) => name)],
    rows: [
      ...rounds.map((round) => [String(round), ...series.map((one) => valueOf(one, round))]),
      ...(['estimate', 'low', 'high'] as const).map((part) => [
        { estimate: 'estimate', low: 'interval from', high: 'interval to' }[part],
        ...series.map(({ interval }) => of(interval, part)),
      ]),
      ...limits.map(({ text }) => [text, ...series.map(() => '')]),
    ],
  }
}
