/** The distribution of latency: for every arm, which share of its iterations took at most a given time. */
import { scaleLinear, scaleLog } from 'd3-scale'
import { formatTime, seconds } from '../../../core/units.ts'
import { percentileOf } from '../../../measure/latency.ts'
import { px } from '../markup.ts'
import type { RecordedComparison } from '../recorded-evidence.ts'
import { bottomAxis, leftAxis, originNote, type Area } from './axes.ts'
import type { Plot } from './figure.ts'
import { legend, LEGEND_LINE, lineOf, markOf } from './series.ts'

const WIDTH = 440
const AREA: Area = { left: 46, top: 34, right: WIDTH - 16, bottom: 212 }
/** Beyond this ratio of the slowest to the fastest iteration the time axis is logarithmic. */
const WIDE = 20

export function latencyDistribution({ arms, rounds }: RecordedComparison): Plot {
  const series = arms.map((name) => ({
    name,
    samples: rounds
      .flatMap((round) => round.arms.get(name)?.outcome.result.samples_seconds ?? [])
      .sort((a, b) => a - b),
  }))
  const least = Math.min(...series.map(({ samples }) => samples[0] ?? Infinity))
  const most = Math.max(...series.map(({ samples }) => samples.at(-1) ?? 0))
  const logarithmic = most / least > WIDE
  const margin = (most - least) * 0.04 || least * 0.05
  const x = logarithmic
    ? scaleLog([least * 0.9, most * 1.1], [AREA.left, AREA.right])
    : scaleLinear([Math.max(0, least - margin), most + margin], [AREA.left, AREA.right])
  const y = scaleLinear([0, 1], [AREA.bottom, AREA.top])
  const [from = 0] = x.domain()
  const ticks = logarithmic ? x.ticks().filter((tick) => tick.toExponential(0).startsWith('1e')) : x.ticks(5)
  const time = timeFormat(most)
  return {
    title: 'Latency of every iteration',
    alternative: series
      .map(({ name, samples }) => `${name}: ${percentiles(samples, time)} over ${samples.length} iterations`)
      .join('; '),
    width: WIDTH,
    height: AREA.bottom + 46 + series.length * LEGEND_LINE,
    drawing: [
      leftAxis(
        {
          at: y,
          ticks: [0, 0.25, 0.5, 0.75, 1],
          format: (share) => `${share * 100} %`,
          label: 'share of iterations',
        },
        AREA,
      ),
      bottomAxis({ at: x, ticks, format: time.number, label: `latency in ${time.unit}` }, AREA),
      series.map(({ samples }, index) => [
        lineOf(stepsOf(samples, x, y), index),
        [50, 95, 99].map((percent) =>
          markOf({ x: x(percentileOf(samples, percent)), y: y(percent / 100) }, index, {
            title: `p${percent} ${formatTime(seconds(percentileOf(samples, percent)))}`,
          }),
        ),
      ]),
      legend(
        series.map(({ name, samples }, index) => ({ name, index, text: percentiles(samples, time) })),
        AREA.left,
        AREA.bottom + 52,
      ),
    ],
    notes: [
      'Marks: p50, p95 and p99.',
      logarithmic
        ? 'The time axis is logarithmic.'
        : originNote('time', from, (value) => `${time.number(value)} ${time.unit}`),
    ],
    table: {
      columns: ['latency', ...series.map(({ name }) => name)],
      rows: [
        ['iterations', ...series.map(({ samples }) => samples.length)],
        ...[0, 5, 25, 50, 75, 95, 99, 100].map((percent) => [
          { 0: 'least', 100: 'most' }[percent] ?? `p${percent}`,
          ...series.map(({ samples }) => formatTime(seconds(percentileOf(samples, percent)))),
        ]),
      ],
    },
  }
}

interface TimeFormat {
  readonly unit: string
  readonly number: (value: number) => string
}

/** All times of a plot in the unit that fits its longest. */
export function timeFormat(longest: number): TimeFormat {
  const [unit, factor] = longest < 1e-3 ? ['µs', 1e6] : longest < 1 ? ['ms', 1e3] : ['s', 1]
  return { unit, number: (value) => String(Number((value * factor).toPrecision(4))) }
}

const percentiles = (samples: readonly number[], { unit, number }: TimeFormat): string =>
  `${[50, 95, 99].map((percent) => `p${percent} ${number(percentileOf(samples, percent))}`).join(', ')} ${unit}`

/** A step a sample; steps closer than half a pixel are one. */
function stepsOf(
  sorted: readonly number[],
  x: (value: number) => number,
  y: (share: number) => number,
): string {
  let path = `M${px(x(sorted[0] ?? 0))} ${px(y(0))}`
  let drawn = y(0)
  sorted.forEach((value, index) => {
    const height = y((index + 1) / sorted.length)
    if (drawn - height < 0.5 && index < sorted.length - 1) return
    path += `H${px(x(value))}V${px(height)}`
    drawn = height
  })
  return path
}
