/** Bandwidth of every measured pair of nodes as a heat map: a row for each initiator, a column for each target. */
import { scaleQuantize } from 'd3-scale'
import { median } from 'simple-statistics'
import { formatRate, gigabytesPerSecond } from '../../../core/units.ts'
import { markup, px, type Markup } from '../markup.ts'
import { shortText } from '../printable-text.ts'
import type { RecordedComparison } from '../recorded-evidence.ts'
import { cellColours } from './cell-colours.ts'
import type { Plot } from './figure.ts'
import { FEWEST_NODES } from './node-figures.ts'

/** Beyond these a cell would be too small to see. */
const MOST_NODES = 64
const WIDTH = 440
const LEFT = 92
const HEAD = 64
/** Labels of columns lean to the right. */
const LABEL_OVERHANG = 30

interface Pair {
  readonly initiator: string
  readonly target: string
  /** GB/s, the median over the rounds. */
  readonly bandwidth: number
  readonly rounds: number
}

/** Of one arm. */
export function nodePairs(comparisons: readonly RecordedComparison[], arm: string): Plot | undefined {
  const pairs = pairsOf(comparisons, arm)
  const nodes = [...new Set(pairs.flatMap(({ initiator, target }) => [initiator, target]))].sort((a, b) =>
    a.localeCompare(b, 'en', { numeric: true }),
  )
  if (nodes.length < FEWEST_NODES || nodes.length > MOST_NODES) return undefined
  const sorted = pairs.toSorted((a, b) => a.bandwidth - b.bandwidth)
  const [slowest, fastest] = [sorted[0], sorted.at(-1)]
  const shade = scaleQuantize([0, fastest?.bandwidth ?? 1], [0, 1, 2, 3, 4])
  const side = Math.min(26, (WIDTH - LEFT - LABEL_OVERHANG) / nodes.length)
  return {
    title: `Bandwidth of ${arm} from node to node in GB/s`,
    alternative: `${pairs.length} directions of pairs of ${nodes.length} nodes, median over the rounds; slowest ${describe(slowest)}, fastest ${describe(fastest)}`,
    width: WIDTH,
    height: HEAD + nodes.length * side + 10,
    drawing: [
      nodes.map((node, index) => label(node, index, side)),
      markup`<rect class="unmeasured" x="${LEFT}" y="${HEAD}" width="${px(nodes.length * side)}" height="${px(nodes.length * side)}" fill="currentColor" fill-opacity="0.05" rx="4"/>`,
      pairs.map((pair) => cell(pair, { nodes, side, step: shade(pair.bandwidth) })),
    ],
    notes: [
      'Rows are initiators, columns targets; darker is faster, from 0. Pairs without a cell were not measured.',
    ],
    table: {
      columns: ['initiator', 'target', 'median', 'rounds'],
      rows: pairs.map(({ initiator, target, bandwidth, rounds }) => [
        initiator,
        target,
        rate(bandwidth),
        rounds,
      ]),
    },
  }
}

function pairsOf(comparisons: readonly RecordedComparison[], arm: string): readonly Pair[] {
  const rounds = comparisons.flatMap((one) => one.rounds.flatMap((round) => round.arms.get(arm) ?? []))
  const byPair = Map.groupBy(rounds, ({ outcome }) =>
    JSON.stringify([outcome.initiator.node, outcome.target.node]),
  )
  return [...byPair.values()].flatMap((own) => {
    const [first] = own
    if (first === undefined) return []
    const { initiator, target } = first.outcome
    const bandwidth = median(own.map((one) => one.bandwidth))
    return { initiator: initiator.node, target: target.node, bandwidth, rounds: own.length }
  })
}

function label(node: string, index: number, side: number): Markup {
  const at = (index + 0.5) * side
  const text = shortText(node, 12)
  const column = `translate(${px(LEFT + at + 4)} ${px(HEAD - 6)}) rotate(-60)`
  return markup`<text class="quiet" font-size="11" x="${px(LEFT - 8)}" y="${px(HEAD + at + 4)}" text-anchor="end">${text}</text><text class="quiet" font-size="11" transform="${column}">${text}</text>\n`
}

function cell(
  { initiator, target, bandwidth }: Pair,
  { nodes, side, step }: { readonly nodes: readonly string[]; readonly side: number; readonly step: number },
): Markup {
  const [x, y] = [LEFT + nodes.indexOf(target) * side, HEAD + nodes.indexOf(initiator) * side]
  const { fill, ink } = cellColours(step)
  const text =
    side >= 18 &&
    markup`<text font-size="9" x="${px(x + side / 2)}" y="${px(y + side / 2 + 3)}" text-anchor="middle" fill="${ink}">${bandwidth.toFixed(0)}</text>`
  return markup`<g class="cell"><title>${initiator} to ${target}: ${rate(bandwidth)}</title><rect x="${px(x + 1)}" y="${px(y + 1)}" width="${px(side - 2)}" height="${px(side - 2)}" rx="2" fill="${fill}"/>${text}</g>\n`
}

const rate = (value: number): string => formatRate(gigabytesPerSecond(value))
const describe = (pair: Pair | undefined): string =>
  pair === undefined ? '' : `${pair.initiator} to ${pair.target} ${rate(pair.bandwidth)}`
