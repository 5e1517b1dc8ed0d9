/**
 * A plot on the page: a caption, the drawing with its text alternative, and its numbers as a table that copies into a
 * spreadsheet. Colours stand as attributes, for pages whose style is forbidden; the style adapts them to a dark page.
 */
import { markup, px, type Content, type Markup } from '../markup.ts'

export interface Plot {
  readonly title: string
  /** What a person sees in it, in a sentence or two. */
  readonly alternative: string
  readonly width: number
  readonly height: number
  /** Takes the whole width of the page. */
  readonly broad?: boolean
  readonly drawing: Content
  /** Where axes start, and what is marked. */
  readonly notes: readonly string[]
  readonly table: Table
}

export interface Table {
  readonly columns: readonly string[]
  /** The first cell of a row names it. */
  readonly rows: readonly (readonly (string | number | Markup)[])[]
}

/** The `<figure>`; `id` is unique on the page. */
export function figureOf(plot: Plot, id: string): Markup {
  const { title, alternative, width, height, broad = false, drawing, notes, table } = plot
  return markup`<figure id="${id}"${broad && markup` class="broad" tabindex="0"`}>
<figcaption>${title}</figcaption>
<svg role="img" aria-labelledby="${id}-title ${id}-text" viewBox="0 0 ${px(width)} ${px(height)}" width="${px(width)}" height="${px(height)}" font-size="12" font-family="system-ui, sans-serif" fill="currentColor">
<title id="${id}-title">${title}</title><desc id="${id}-text">${alternative}</desc>
${drawing}
</svg>
${notes.length > 0 && markup`<p class="note">${notes.join(' ')}</p>`}
<details class="bulk"><summary>Numbers<span class="of">: ${title}</span></summary>${tableOf(table, title)}</details>
</figure>`
}

/** `label` names the table to people who do not see it. */
export const tableOf = (
  { columns, rows }: Table,
  label: string,
): Markup => markup`<div class="wide" tabindex="0" role="group" aria-label="${label}"><table>
<thead><tr>${columns.map((column) => markup`<th scope="col">${column}</th>`)}</tr></thead>
<tbody>${rows.map(rowOf)}</tbody>
</table></div>`

const rowOf = ([name, ...cells]: Table['rows'][number]): Markup =>
  markup`<tr><th scope="row">${name}</th>${cells.map((cell) => markup`<td>${cell}</td>`)}</tr>\n`
