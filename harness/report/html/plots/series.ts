/** How the arms of a plot are told apart: by colour, by dash and by the shape of their marks, so that each alone suffices. */
import { symbol, symbolCircle, symbolDiamond, symbolSquare, symbolTriangle } from 'd3-shape'
import { markup, px, type Markup } from '../markup.ts'
import { shortText } from '../printable-text.ts'

/** Okabe and Ito's palette; the names are those of the style. */
const SERIES = [
  { colour: '#0072b2', dash: '', shape: symbolCircle },
  { colour: '#d55e00', dash: '6 3', shape: symbolTriangle },
  { colour: '#007a5a', dash: '2 3', shape: symbolSquare },
  { colour: '#a8487f', dash: '9 3 2 3', shape: symbolDiamond },
] as const

const seriesOf = (index: number) => SERIES[index % SERIES.length] ?? SERIES[0]

export const lineOf = (path: string, index: number, width = 1.75): Markup => {
  const { colour, dash } = seriesOf(index)
  return markup`<path class="line series-${index % SERIES.length}" d="${path}" fill="none" stroke="${colour}" stroke-width="${width}" stroke-linejoin="round"${dash !== '' && markup` stroke-dasharray="${dash}"`}/>`
}

/** A mark of about `size` square pixels; a pointer on it shows `title`. */
export function markOf(
  { x, y }: { readonly x: number; readonly y: number },
  index: number,
  { size = 44, title }: { readonly size?: number; readonly title?: string } = {},
): Markup {
  const { colour, shape } = seriesOf(index)
  const d = symbol(shape, size).digits(1)() ?? ''
  return markup`<path class="mark series-${index % SERIES.length}" transform="translate(${px(x)} ${px(y)})" d="${d}" fill="${colour}">${title !== undefined && markup`<title>${title}</title>`}</path>`
}

export interface LegendEntry {
  readonly name: string
  /** Of the series. */
  readonly index: number
  readonly text?: string
}

/** One line an entry, from `y` down; each is 17 high. */
export const LEGEND_LINE = 17
export const legend = (entries: readonly LegendEntry[], x: number, y: number): readonly Markup[] =>
  entries.map(({ name, index, text }, line) => {
    const middle = y + line * LEGEND_LINE
    return markup`<g>${lineOf(`M${px(x)} ${px(middle)}h26`, index)}${markOf({ x: x + 13, y: middle }, index, { size: 36 })}<text x="${px(x + 34)}" y="${px(middle + 4)}">${shortText(name, 28)}${text !== undefined && markup`<tspan class="quiet" dx="8">${text}</tspan>`}</text></g>\n`
  })
