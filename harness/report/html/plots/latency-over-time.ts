/** The latency of each iteration in the order of measuring, round after round: shows drift, stalls and slow starts. */
import { largest } from '../../../core/extremes.ts'
import { scaleLinear } from 'd3-scale'
import { formatTime, seconds } from '../../../core/units.ts'
import { markup, px } from '../markup.ts'
import type { RecordedComparison } from '../recorded-evidence.ts'
import { bottomAxis, leftAxis, originNote, type Area } from './axes.ts'
import type { Plot } from './figure.ts'
import { timeFormat } from './latency-distribution.ts'
import { legend, LEGEND_LINE, lineOf } from './series.ts'

const WIDTH = 440
const AREA: Area = { left: 46, top: 34, right: WIDTH - 12, bottom: 196 }
/** Columns of pixels that a line may use, over all rounds; each shows its least and its most. */
const COLUMNS = 180

export function latencyOverTime({ arms, rounds }: RecordedComparison): Plot {
  const series = arms.map((name) => ({
    name,
    rounds: rounds.map(({ round, arms }) => ({
      round,
      samples: arms.get(name)?.outcome.result.samples_seconds ?? [],
    })),
  }))
  const most = largest(
    series.flatMap((one) => one.rounds.flatMap(({ samples }) => samples)),
    0,
  )
  const time = timeFormat(most)
  const y = scaleLinear([0, most * 1.05], [AREA.bottom, AREA.top])
  const width = (AREA.right - AREA.left) / rounds.length
  const gap = Math.min(6, width / 6)
  const columns = Math.max(8, Math.floor(COLUMNS / rounds.length))
  const middle = (index: number): number => AREA.left + (index + 0.5) * width
  return {
    title: 'Latency over the transfers',
    alternative: series
      .map(
        ({ name, rounds }) =>
          `${name}: most ${formatTime(seconds(largest(rounds.flatMap(({ samples }) => samples))))}`,
      )
      .join('; '),
    width: WIDTH,
    height: AREA.bottom + 46 + series.length * LEGEND_LINE,
    drawing: [
      leftAxis({ at: y, ticks: y.ticks(5), format: time.number, label: `latency in ${time.unit}` }, AREA),
      bottomAxis(
        {
          at: middle,
          ticks: rounds
            .map((_, index) => index)
            .filter((index) => index % Math.ceil(rounds.length / 12) === 0),
          format: (index) => String(rounds[index]?.round ?? ''),
          label: 'round, with its iterations from left to right',
        },
        AREA,
      ),
      rounds.slice(1).map((_, index) => {
        const at = px(AREA.left + (index + 1) * width)
        return markup`<path d="M${at} ${px(AREA.top)}V${px(AREA.bottom)}" stroke="currentColor" stroke-opacity="0.14"/>`
      }),
      series.map((one, index) =>
        lineOf(
          one.rounds
            .map(({ samples }, place) => {
              const x = scaleLinear(
                [0, Math.max(1, samples.length - 1)],
                [AREA.left + place * width + gap, AREA.left + (place + 1) * width - gap],
              )
              return thinned(samples, columns)
                .map(([iteration, value], i) => `${i === 0 ? 'M' : 'L'}${px(x(iteration))} ${px(y(value))}`)
                .join('')
            })
            .join(''),
          index,
          1.25,
        ),
      ),
      legend(
        series.map(({ name }, index) => ({ name, index })),
        AREA.left,
        AREA.bottom + 52,
      ),
    ],
    notes: [originNote('vertical', 0, time.number)],
    table: {
      columns: ['arm and round', 'first quarter, mean', 'last quarter, mean', 'most', 'at iteration'],
      rows: series.flatMap(({ name, rounds }) =>
        rounds
          .filter(({ samples }) => samples.length > 0)
          .map(({ round, samples }) => {
            const quarter = Math.max(1, Math.floor(samples.length / 4))
            const top = largest(samples)
            return [
              `${name}, round ${round}`,
              formatTime(seconds(meanOf(samples.slice(0, quarter)))),
              formatTime(seconds(meanOf(samples.slice(-quarter)))),
              formatTime(seconds(top)),
              samples.indexOf(top) + 1,
            ]
          }),
      ),
    },
  }
}

/** At most two samples a column, its least and its most, in their order; no stall is lost. */
function thinned(samples: readonly number[], columns: number): readonly (readonly [number, number])[] {
  const all = samples.map((value, iteration) => [iteration, value] as const)
  if (samples.length <= 2 * columns) return all
  const size = samples.length / columns
  return Array.from({ length: columns }, (_, column) => {
    const own = all
      .slice(Math.floor(column * size), Math.floor((column + 1) * size))
      .sort(([, a], [, b]) => a - b)
    return [own[0], own.at(-1)].filter((one) => one !== undefined).sort(([a], [b]) => a - b)
  }).flat()
}

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length
