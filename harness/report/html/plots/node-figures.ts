/**
 * Bandwidth of every node over all comparisons that it took part in, slowest first, as a caterpillar plot. A node stands for its
 * best pair, since a slow partner slows every round with it.
 */
import { scaleLinear } from 'd3-scale'
import { median } from 'simple-statistics'
import { formatRate, gigabytesPerSecond } from '../../../core/units.ts'
import { markup, px, type Markup } from '../markup.ts'
import { shortText } from '../printable-text.ts'
import type { RecordedComparison } from '../recorded-evidence.ts'
import { bottomAxis, originNote, type Area } from './axes.ts'
import type { Plot } from './figure.ts'
import { legend, LEGEND_LINE, markOf } from './series.ts'

/** With fewer nodes there are no others to compare with. */
export const FEWEST_NODES = 3
/** The slowest are drawn; the table has all. */
const MOST_ROWS = 48
/** A node whose median is this much below that of all nodes is named. */
const DEFICIT = 0.03
const WIDTH = 440
const LEFT = 92
const ROW = 18
/** So that the lines of two arms do not lie on each other. */
const ARM_OFFSET = 4

/** GB/s. */
interface ArmFigures {
  /** The median over the rounds with the partner of which it is highest. */
  readonly best: number
  readonly least: number
  readonly most: number
  readonly rounds: number
}

interface NodeFigures {
  readonly node: string
  /** By arm, in the order of the arms. */
  readonly arms: readonly ArmFigures[]
}

export function nodeFigures(comparisons: readonly RecordedComparison[]): Plot | undefined {
  const arms = [...new Set(comparisons.flatMap((one) => one.arms))]
  const nodes = figuresOf(comparisons, arms)
  if (arms.length === 0 || nodes.length < FEWEST_NODES) return undefined
  const usual = arms.map((_, index) => medianOfNodes(nodes, index))
  const worstShare = (row: NodeFigures): number =>
    Math.min(...row.arms.map(({ best }, index) => best / (usual[index] ?? best)))
  const sorted = nodes.toSorted((a, b) => worstShare(a) - worstShare(b))
  const rows = sorted.slice(0, MOST_ROWS)
  const most = Math.max(...rows.flatMap((row) => row.arms.map((arm) => arm.most)))
  const area: Area = { left: LEFT, top: 8, right: WIDTH - 12, bottom: 8 + rows.length * ROW + 6 }
  const x = scaleLinear([0, most], [area.left, area.right]).nice(5)
  const slow = outliersOf(sorted, arms)
  return {
    title: 'Bandwidth of every node, slowest first',
    alternative: alternativeOf(sorted, arms, slow),
    width: WIDTH,
    height: area.bottom + 48 + arms.length * LEGEND_LINE,
    drawing: [
      bottomAxis({ at: x, ticks: x.ticks(5), format: String, label: 'bandwidth in GB/s' }, area),
      arms.map((_, arm) => medianLine(x(medianOfNodes(sorted, arm)), area)),
      rows.map((row, index) => rowOf(row, { y: area.top + (index + 0.5) * ROW, x, arms, slow })),
      legend(
        arms.map((name, index) => ({ name, index })),
        area.left,
        area.bottom + 52,
      ),
    ],
    notes: [
      `A mark is the median over the rounds of the node's best pair; its line goes from the least to the most of all rounds. Dashed: the median of all nodes. ${originNote('bandwidth', 0, String)}`,
      ...slow.map(({ text }) => text),
      ...(sorted.length > rows.length
        ? [`The slowest ${rows.length} of ${sorted.length} nodes are drawn.`]
        : []),
    ],
    table: {
      columns: ['node', 'arm', 'median of the best pair', 'least', 'most', 'rounds'],
      rows: sorted.flatMap((row) =>
        row.arms.map(({ best, least, most, rounds }, index) => [
          row.node,
          arms[index] ?? '',
          rate(best),
          rate(least),
          rate(most),
          rounds,
        ]),
      ),
    },
  }
}

function figuresOf(
  comparisons: readonly RecordedComparison[],
  arms: readonly string[],
): readonly NodeFigures[] {
  const rounds = comparisons.flatMap((one) =>
    one.rounds.flatMap((round) =>
      [...round.arms].flatMap(
        ([
          arm,
          {
            bandwidth,
            outcome: { initiator, target },
          },
        ]) => [
          { node: initiator.node, partner: target.node, arm, bandwidth },
          { node: target.node, partner: initiator.node, arm, bandwidth },
        ],
      ),
    ),
  )
  return [...Map.groupBy(rounds, ({ node }) => node)].flatMap(([node, own]) => {
    const ofArms = arms.flatMap((arm) => armFigures(own.filter((round) => round.arm === arm)) ?? [])
    return ofArms.length === arms.length ? [{ node, arms: ofArms }] : []
  })
}

function armFigures(
  rounds: readonly { readonly partner: string; readonly bandwidth: number }[],
): ArmFigures | undefined {
  if (rounds.length === 0) return undefined
  const values = rounds.map(({ bandwidth }) => bandwidth)
  const pairs = [...Map.groupBy(rounds, ({ partner }) => partner).values()]
  return {
    best: Math.max(...pairs.map((pair) => median(pair.map(({ bandwidth }) => bandwidth)))),
    least: Math.min(...values),
    most: Math.max(...values),
    rounds: rounds.length,
  }
}

interface Outlier {
  readonly node: string
  readonly text: string
}

/** Nodes of which an arm is below the median of all nodes by more than `DEFICIT`. */
const outliersOf = (nodes: readonly NodeFigures[], arms: readonly string[]): readonly Outlier[] =>
  nodes.flatMap((row) =>
    row.arms.flatMap(({ best }, index) => {
      const usual = medianOfNodes(nodes, index)
      if (best >= usual * (1 - DEFICIT)) return []
      const text = `✗ ${row.node} is slow: ${arms[index]} ${rate(best)}, the median of all nodes is ${rate(usual)}.`
      return { node: row.node, text }
    }),
  )

const medianOfNodes = (nodes: readonly NodeFigures[], arm: number): number =>
  median(nodes.flatMap((row) => row.arms[arm]?.best ?? []))

const medianLine = (x: number, { top, bottom }: Area): Markup =>
  markup`<path d="M${px(x)} ${px(top)}V${px(bottom)}" stroke="currentColor" stroke-opacity="0.5" stroke-dasharray="4 4"/>`

function rowOf(
  row: NodeFigures,
  {
    y,
    x,
    arms,
    slow,
  }: {
    readonly y: number
    readonly x: (value: number) => number
    readonly arms: readonly string[]
    readonly slow: readonly Outlier[]
  },
): Markup {
  const named = slow.some(({ node }) => node === row.node)
  const weight = named ? markup` font-weight="600"` : markup` class="quiet"`
  const marks = row.arms.map(({ best, least, most }, index) => {
    const title = `${row.node}, ${arms[index]}: ${rate(best)}`
    const at = y + (index - (row.arms.length - 1) / 2) * ARM_OFFSET
    return markup`<path d="M${px(x(least))} ${px(at)}H${px(x(most))}" stroke="currentColor" stroke-opacity="0.45" stroke-width="2"/>${markOf({ x: x(best), y: at }, index, { size: 40, title })}`
  })
  return markup`<g><text font-size="11"${weight} x="${px(LEFT - 8)}" y="${px(y + 4)}" text-anchor="end">${named && '✗ '}${shortText(row.node, 12)}</text>${marks}</g>\n`
}

function alternativeOf(
  nodes: readonly NodeFigures[],
  arms: readonly string[],
  slow: readonly Outlier[],
): string {
  const medians = arms.map((arm, index) => `${arm} ${rate(medianOfNodes(nodes, index))}`).join(', ')
  const names = [...new Set(slow.map(({ node }) => node))]
  const outliers = names.length === 0 ? 'no node is slow' : `slow: ${names.join(', ')}`
  return `${nodes.length} nodes, median of all ${medians}; ${outliers}`
}

const rate = (value: number): string => formatRate(gigabytesPerSecond(value))
