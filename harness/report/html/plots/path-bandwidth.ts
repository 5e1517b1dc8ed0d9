/** Bandwidth of every path that was measured, from a GPU by a NIC, or from a GPU to a GPU of the same node. */
import { scaleQuantize } from 'd3-scale'
import { median } from 'simple-statistics'
import { formatRate, gigabytesPerSecond } from '../../../core/units.ts'
import { markup, px, type Markup } from '../markup.ts'
import { shortText } from '../printable-text.ts'
import type { RecordedComparison } from '../recorded-evidence.ts'
import { cellColours } from './cell-colours.ts'
import type { Plot } from './figure.ts'

interface Cell {
  readonly row: string
  readonly column: string
  readonly path: string
  /** `node-a/gpu-0`, `node-a/mlx5_0`: what the path is made of. */
  readonly devices: readonly string[]
  /** GB/s, one a round. */
  readonly values: number[]
}

interface Panel {
  readonly title: string
  readonly cells: Map<string, Cell>
}

const WIDTH = 440
const LEFT = 62
const ROW = 26
const HEAD = 40
export function pathBandwidth(
  comparison: RecordedComparison,
  named: ReadonlyMap<string, number>,
): Plot | undefined {
  const panels = panelsOf(comparison)
  const cells = panels.flatMap((panel) => [...panel.cells.values()])
  if (cells.length === 0) return undefined
  const most = Math.max(...cells.map(({ values }) => median(values)))
  const shade = scaleQuantize([0, most], [0, 1, 2, 3, 4])
  let top = 0
  const drawn = panels.map((panel) => {
    const part = panelOf(panel, { top, shade, named })
    top += part.height
    return part.drawing
  })
  const sorted = cells.toSorted((a, b) => median(a.values) - median(b.values))
  const [slowest, fastest] = [sorted[0], sorted.at(-1)]
  return {
    title: 'Bandwidth of every path in GB/s',
    alternative: `${cells.length} paths, median over the rounds; slowest ${describe(slowest)}, fastest ${describe(fastest)}`,
    width: WIDTH,
    height: top,
    drawing: drawn,
    notes: [
      'Median over the rounds; darker is faster, from 0. Paths without a figure were not measured.',
      ...(cells.some((cell) => isNamed(cell, named))
        ? ['Framed with ✗: a device of the path is named by a test that is not passed.']
        : []),
    ],
    table: {
      columns: ['path', 'from', 'by', 'median', 'least', 'most', 'rounds'],
      rows: panels.flatMap(({ cells }) =>
        [...cells.values()].map((cell) => [
          cell.path,
          cell.row,
          cell.column,
          rate(median(cell.values)),
          rate(Math.min(...cell.values)),
          rate(Math.max(...cell.values)),
          cell.values.length,
        ]),
      ),
    },
  }
}

const rate = (value: number): string => formatRate(gigabytesPerSecond(value))
const describe = (cell: Cell | undefined): string =>
  cell === undefined ? '' : `${cell.path} ${rate(median(cell.values))}`
const isNamed = ({ devices }: Cell, named: ReadonlyMap<string, number>): boolean =>
  devices.some((device) => named.has(device))

/** A panel a sending node. A path between nodes goes from a GPU by a NIC; one within a node from a GPU to a GPU. */
function panelsOf({ rounds }: RecordedComparison): readonly Panel[] {
  const panels = new Map<string, Panel>()
  for (const { streams, outcome } of rounds.flatMap(({ arms }) => [...arms.values()])) {
    const { initiator, target } = outcome
    const gpus = initiator.allocated.gpus.toSorted((a, b) =>
      (a.pciAddress ?? a.name) < (b.pciAddress ?? b.name) ? -1 : 1,
    )
    const apart = initiator.node !== target.node
    const title = apart ? `${initiator.node} to ${target.node}` : initiator.node
    const panel = panels.get(title) ?? { title, cells: new Map() }
    panels.set(title, panel)
    streams.forEach(({ path, device, bandwidth }, stream) => {
      const [from = path, to = path] = path.split(' - ')
      const [row, column] = apart ? [gpus[stream]?.name ?? device, withoutNode(from)] : [from, to]
      const devices = apart
        ? [`${initiator.node}/${row}`, ...from.split('+'), ...to.split('+')]
        : [`${initiator.node}/${from}`, `${initiator.node}/${to}`]
      const key = JSON.stringify([row, column])
      const cell = panel.cells.get(key) ?? { row, column, path, devices, values: [] }
      panel.cells.set(key, cell)
      cell.values.push(bandwidth)
    })
  }
  return [...panels.values()].sort((a, b) => (a.title < b.title ? -1 : 1))
}

/** `mlx5_0+mlx5_1` of `node-a/mlx5_0+node-a/mlx5_1`. */
const withoutNode = (nics: string): string =>
  nics
    .split('+')
    .map((nic) => nic.slice(nic.indexOf('/') + 1))
    .join('+')

function panelOf(
  { title, cells }: Panel,
  {
    top,
    shade,
    named,
  }: {
    readonly top: number
    readonly shade: (value: number) => number
    readonly named: ReadonlyMap<string, number>
  },
): { readonly drawing: Markup; readonly height: number } {
  const all = [...cells.values()]
  const rows = [...new Set(all.map(({ row }) => row))].sort(byNumber)
  const columns = [...new Set(all.map(({ column }) => column))].sort(byNumber)
  const width = Math.min(84, (WIDTH - LEFT - 4) / columns.length)
  const height = HEAD + rows.length * ROW + 14
  const headings = columns.map((column, index) => {
    const x = px(LEFT + (index + 0.5) * width)
    return markup`<text class="quiet" font-size="11" x="${x}" y="${px(top + HEAD - 6)}" text-anchor="middle">${shortText(column, Math.max(3, Math.floor(width / 6.2)))}</text>`
  })
  const lines = rows.map(
    (row, index) =>
      markup`<text class="quiet" font-size="11" x="${px(LEFT - 8)}" y="${px(top + HEAD + (index + 0.5) * ROW + 4)}" text-anchor="end">${shortText(row, 9)}</text>`,
  )
  const blank = markup`<rect class="unmeasured" x="${LEFT}" y="${px(top + HEAD)}" width="${px(columns.length * width)}" height="${px(rows.length * ROW)}" fill="currentColor" fill-opacity="0.05" rx="4"/>`
  const squares = all.map((cell) => {
    const value = median(cell.values)
    const step = shade(value)
    const [x, y] = [LEFT + columns.indexOf(cell.column) * width, top + HEAD + rows.indexOf(cell.row) * ROW]
    const marked = isNamed(cell, named)
    const { fill, ink } = cellColours(step)
    const frame = marked && markup` stroke="#c0392b" stroke-width="3"`
    return markup`<g class="cell"><title>${cell.row} by ${cell.column}, ${cell.path}: ${rate(value)}</title><rect x="${px(x + 1.5)}" y="${px(y + 1.5)}" width="${px(width - 3)}" height="${ROW - 3}" rx="3" fill="${fill}"${frame}/><text font-size="11" x="${px(x + width / 2)}" y="${px(y + ROW / 2 + 4)}" text-anchor="middle" fill="${ink}">${marked && '✗ '}${cellText(value, width)}</text></g>\n`
  })
  return {
    drawing: markup`<g><text font-weight="600" x="0" y="${px(top + 14)}">${shortText(title, 60)}</text>${headings}${lines}${blank}${squares}</g>`,
    height,
  }
}

const cellText = (value: number, width: number): string =>
  value >= 100 || width < 34 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2)

/** `gpu-2` before `gpu-10`. */
const byNumber = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true })
