/**
 * Finds the nodes whose figures are unlike those of the other nodes, so that a baseline leaves them out. A node is judged by the
 * pair in which it comes closest to the others: the partner of a bad node is like the others in its other pair.
 */
import { median, medianAbsoluteDeviation } from 'simple-statistics'
import { formatPercent } from '../core/units.ts'
import { expectedSpread, logMean, moderate, type UnitRounds } from './tolerance-interval.ts'

/** The rounds of one node, or of one pair of nodes. */
export interface MeasuredUnit {
  readonly nodes: readonly string[]
  /** One positive figure for each round, of which larger ones are better. */
  readonly rounds: UnitRounds
}

export interface UnlikeNode {
  readonly node: string
  /** `-18.2 % from the median of 6 nodes`. */
  readonly why: string
}

/** In standard deviations of sound nodes. */
const UNLIKE = 4
/** The median absolute deviation of normal values is this share of their standard deviation. */
const MAD_SHARE = 0.6745

/** Of one or two nodes none is named: there is no majority to compare them with. */
export function unlikeNodes(units: readonly MeasuredUnit[]): readonly UnlikeNode[] {
  const nodes = [...new Set(units.flatMap((unit) => unit.nodes))].sort()
  if (nodes.length < 3) return []
  const figures = nodes.map((node) => ({ node, figure: closestFigure(node, units) }))
  const middle = median(figures.map(({ figure }) => figure))
  const limit =
    UNLIKE *
    robustSpread(
      figures.map(({ figure }) => figure),
      units,
    )
  return figures.flatMap(({ node, figure }) => {
    const distance = figure - middle
    if (Math.abs(distance) <= limit) return []
    const share = Math.exp(distance) - 1
    return [
      {
        node,
        why: `${share > 0 ? '+' : ''}${formatPercent(share)} from the median of ${nodes.length} nodes`,
      },
    ]
  })
}

/** The share by which two nodes differ, where that is too much for either to be taken as sound. */
export function disagreement(units: readonly MeasuredUnit[]): number | undefined {
  const [one, other, ...more] = units
  if (one === undefined || other === undefined || more.length > 0) return undefined
  const distance = Math.abs(logMean(one.rounds) - logMean(other.rounds))
  const limit = UNLIKE * Math.SQRT2 * expectedSpread(roundsOf(units))
  return distance > limit ? Math.exp(distance) - 1 : undefined
}

/** The logarithm of the figure of the node's pair that is closest to the median of all pairs. */
function closestFigure(node: string, units: readonly MeasuredUnit[]): number {
  const middle = typicalFigure(units)
  const own = units.filter(({ nodes }) => nodes.includes(node)).map(({ rounds }) => logMean(rounds))
  return own.toSorted((a, b) => Math.abs(a - middle) - Math.abs(b - middle))[0] ?? Number.NaN
}

/** Of pairs, the median of the better figure of each node: of three pairs, a bad node is in two. */
function typicalFigure(units: readonly MeasuredUnit[]): number {
  const nodes = [...new Set(units.flatMap((unit) => unit.nodes))]
  return median(
    nodes.map((node) =>
      Math.max(...units.filter((unit) => unit.nodes.includes(node)).map(({ rounds }) => logMean(rounds))),
    ),
  )
}

/** Of the median absolute deviation, which bad nodes do not widen. */
function robustSpread(figures: readonly number[], units: readonly MeasuredUnit[]): number {
  const measured = medianAbsoluteDeviation([...figures]) / MAD_SHARE
  return moderate(expectedSpread(roundsOf(units)), measured, figures.length - 1)
}

const roundsOf = (units: readonly MeasuredUnit[]): readonly UnitRounds[] => units.map(({ rounds }) => rounds)

export const withoutNodes = <Unit extends MeasuredUnit>(
  units: readonly Unit[],
  left: ReadonlySet<string>,
): readonly Unit[] => units.filter(({ nodes }) => !nodes.some((node) => left.has(node)))

/** The number of units that share no node with each other. */
export function independentUnits(units: readonly MeasuredUnit[]): number {
  const nodes = new Set(units.flatMap((unit) => unit.nodes))
  const most = Math.max(...units.map((unit) => unit.nodes.length))
  return Math.max(1, Math.floor(nodes.size / most))
}
