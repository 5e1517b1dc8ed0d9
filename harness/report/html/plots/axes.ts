/** Axes and grid lines of a plot. An axis says its unit, and the note below a plot says whether it starts at 0. */
import { markup, px, type Content, type Markup } from '../markup.ts'

/** The area inside the axes, in the units of the drawing. */
export interface Area {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

export interface Axis {
  readonly at: (value: number) => number
  readonly ticks: readonly number[]
  readonly format: (value: number) => string
  /** `bandwidth in GB/s`. */
  readonly label: string
}

const GRID = markup` stroke="currentColor" stroke-opacity="0.14"`

/** Grid lines across `area`, with labels on its left and the axis's label above. */
export const leftAxis = ({ at, ticks, format, label }: Axis, area: Area): Markup => markup`<g class="axis">
<text class="quiet" x="${px(2)}" y="${px(area.top - 16)}">${label}</text>
${ticks.map((tick) => {
  const y = px(at(tick))
  return markup`<path d="M${px(area.left)} ${y}H${px(area.right)}"${GRID}/><text class="quiet" x="${px(area.left - 6)}" y="${px(at(tick) + 4)}" text-anchor="end">${format(tick)}</text>\n`
})}</g>`

/** Ticks below `area`, with the axis's label under them. */
export const bottomAxis = ({ at, ticks, format, label }: Axis, area: Area): Markup => markup`<g class="axis">
<path d="M${px(area.left)} ${px(area.bottom)}H${px(area.right)}" stroke="currentColor" stroke-opacity="0.5"/>
${ticks.map((tick) => {
  const x = px(at(tick))
  return markup`<path d="M${x} ${px(area.bottom)}v5" stroke="currentColor" stroke-opacity="0.5"/><text class="quiet" x="${x}" y="${px(area.bottom + 18)}" text-anchor="middle">${format(tick)}</text>\n`
})}<text class="quiet" x="${px((area.left + area.right) / 2)}" y="${px(area.bottom + 34)}" text-anchor="middle">${label}</text></g>`

/** A dashed line across `area` at the limit of an expectation. */
export const limitLine = (y: number, area: Area, label: Content): Markup =>
  markup`<g class="limit"><path d="M${px(area.left)} ${px(y)}H${px(area.right)}" stroke="currentColor" stroke-width="1.25" stroke-dasharray="5 4"/><text x="${px(area.right - 2)}" y="${px(y - 5)}" text-anchor="end" font-weight="600">${label}</text></g>`

export const originNote = (axis: string, from: number, format: (value: number) => string): string =>
  from === 0 ? `The ${axis} axis starts at 0.` : `The ${axis} axis starts at ${format(from)}, not at 0.`
