/** Bandwidth or latency against the size of a transfer, from the comparisons of a file that differ in size alone. */
import { scaleLinear, scaleLog } from 'd3-scale'
import {
  bytes,
  formatBytes,
  formatRate,
  formatTime,
  gigabytesPerSecond,
  seconds,
} from '../../../core/units.ts'
import { px } from '../markup.ts'
import type { RecordedArm, RecordedComparison } from '../recorded-evidence.ts'
import { bottomAxis, leftAxis, originNote, type Area } from './axes.ts'
import type { Plot } from './figure.ts'
import { timeFormat } from './latency-distribution.ts'
import { legend, LEGEND_LINE, lineOf, markOf } from './series.ts'

interface Point {
  readonly size: number
  /** One a round. */
  readonly values: readonly number[]
}

const WIDTH = 440
const AREA: Area = { left: 58, top: 34, right: WIDTH - 16, bottom: 212 }

/** Fewer sizes than this make no curve. */
export const FEWEST_SIZES = 3

export function bandwidthCurve(comparisons: readonly RecordedComparison[]): Plot {
  const series = seriesOf(comparisons, ({ bandwidth }) => bandwidth)
  const most = Math.max(...valuesOf(series))
  const y = scaleLinear([0, most * 1.05], [AREA.bottom, AREA.top]).nice(5)
  return curve({
    title: 'Bandwidth against size',
    series,
    y,
    axis: leftAxis({ at: y, ticks: y.ticks(5), format: String, label: 'bandwidth in GB/s' }, AREA),
    format: (value) => formatRate(gigabytesPerSecond(value)),
    notes: [originNote('vertical', 0, String), 'The size axis is logarithmic.'],
  })
}

export function latencyCurve(comparisons: readonly RecordedComparison[]): Plot {
  const series = seriesOf(comparisons, ({ latency }) => latency.p50)
  const all = valuesOf(series)
  const y = scaleLog([Math.min(...all) * 0.8, Math.max(...all) * 1.25], [AREA.bottom, AREA.top])
  const ticks = y.ticks().filter((tick) => /^[125]e/.test(tick.toExponential(0)))
  const format = (value: number): string => {
    const { unit, number } = timeFormat(value)
    return `${number(value)} ${unit}`
  }
  return curve({
    title: 'p50 latency against size',
    series,
    y,
    axis: leftAxis(
      {
        at: y,
        ticks: ticks.length > 8 ? ticks.filter((tick) => tick.toExponential(0).startsWith('1e')) : ticks,
        format,
        label: 'p50 latency',
      },
      AREA,
    ),
    format: (value) => formatTime(seconds(value)),
    notes: ['Both axes are logarithmic.'],
  })
}

interface Series {
  readonly name: string
  readonly points: readonly Point[]
}

function seriesOf(
  comparisons: readonly RecordedComparison[],
  figure: (arm: RecordedArm) => number,
): readonly Series[] {
  const arms = [...new Set(comparisons.flatMap((one) => one.arms))]
  return arms.map((name) => ({
    name,
    points: comparisons
      .map(({ size, rounds }) => ({
        size,
        values: rounds.flatMap((round) => {
          const arm = round.arms.get(name)
          return arm === undefined ? [] : [figure(arm)]
        }),
      }))
      .filter(({ values }) => values.length > 0)
      .sort((a, b) => a.size - b.size),
  }))
}

const valuesOf = (series: readonly Series[]): readonly number[] =>
  series.flatMap(({ points }) => points.flatMap(({ values }) => values))

const meanOf = ({ values }: Point): number => values.reduce((sum, value) => sum + value, 0) / values.length

interface Curve {
  readonly title: string
  readonly series: readonly Series[]
  readonly y: (value: number) => number
  readonly axis: Plot['drawing']
  readonly format: (value: number) => string
  readonly notes: readonly string[]
}

function curve({ title, series, y, axis, format, notes }: Curve): Plot {
  const sizes = [...new Set(series.flatMap(({ points }) => points.map(({ size }) => size)))].sort(
    (a, b) => a - b,
  )
  const x = scaleLog([sizes[0] ?? 1, sizes.at(-1) ?? 1], [AREA.left + 18, AREA.right - 14])
  return {
    title,
    alternative: series
      .map(
        ({ name, points }) =>
          `${name}: ${points.map((point) => `${formatBytes(bytes(point.size))} ${format(meanOf(point))}`).join(', ')}`,
      )
      .join('; '),
    width: WIDTH,
    height: AREA.bottom + 46 + series.length * LEGEND_LINE,
    drawing: [
      axis,
      bottomAxis(
        { at: x, ticks: sizes, format: (size) => formatBytes(bytes(size)), label: 'bytes of a transfer' },
        AREA,
      ),
      series.map(({ name, points }, index) => [
        lineOf(
          points
            .map((point, i) => `${i === 0 ? 'M' : 'L'}${px(x(point.size))} ${px(y(meanOf(point)))}`)
            .join(''),
          index,
        ),
        points.map((point) =>
          markOf({ x: x(point.size), y: y(meanOf(point)) }, index, {
            title: `${name}, ${formatBytes(bytes(point.size))}: ${format(meanOf(point))}`,
          }),
        ),
      ]),
      legend(
        series.map(({ name }, index) => ({ name, index })),
        AREA.left,
        AREA.bottom + 52,
      ),
    ],
    notes: ['Mean over the rounds.', ...notes],
    table: {
      columns: ['size and arm', 'mean', 'least', 'most', 'rounds'],
      rows: series.flatMap(({ name, points }) =>
        points.map((point) => [
          `${formatBytes(bytes(point.size))}, ${name}`,
          format(meanOf(point)),
          format(Math.min(...point.values)),
          format(Math.max(...point.values)),
          point.values.length,
        ]),
      ),
    },
  }
}
