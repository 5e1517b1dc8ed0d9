/**
 * Proposes reference figures from the figures of a run. Nodes that are not sound are named and left out of every figure. Throws
 * BASELINE_REFUSED where no figure would be worth its bounds.
 */
import { ClaimcheckError } from '../../core/errors.ts'
import { formatBytes, formatPercent } from '../../core/units.ts'
import {
  disagreement,
  independentUnits,
  unlikeNodes,
  withoutNodes,
  type UnlikeNode,
} from '../../measure/sound-nodes.ts'
import { toleranceOf, type Tolerance } from '../../measure/tolerance-interval.ts'
import type { Measurement } from '../../sku/stated-figures.ts'
import type { MeasuredFigure, UnitFigures } from './measured-figures.ts'

const LEAST_ROUNDS = 3

export interface ProposedFigure extends Measurement {
  readonly bandwidth: Tolerance
  readonly latency: Tolerance
  readonly p50Latency: Tolerance
}

export interface Proposal {
  readonly figures: readonly ProposedFigure[]
  /** Sorted. */
  readonly nodes: readonly string[]
  readonly leftOut: readonly UnlikeNode[]
  /** The fewest of a figure. */
  readonly rounds: number
  /** `assumed`: the figures are of one node, or of one pair of nodes. */
  readonly spread: 'measured' | 'assumed'
}

export interface ProposalOptions {
  /** Where the figures are from, for messages. */
  readonly place: string
  readonly singleNode: boolean
}

export function propose(
  measured: readonly MeasuredFigure[],
  { place, singleNode }: ProposalOptions,
): Proposal {
  const all = nodesOf(measured)
  if (all.length === 0)
    throw refused(place, 'contains no measured transfer', 'Look at the reasons of the skipped tests.')
  if (all.length === 1 && !singleNode)
    throw refused(
      place,
      `is about one node, ${all[0]}, and one node does not show how much nodes of the SKU differ`,
      'Measure on more nodes, or pass --single-node: the bounds are then wide, and the profile says why.',
    )
  const leftOut = leftOutOf(measured)
  const without = new Set(leftOut.map(({ node }) => node))
  if (without.size * 2 > all.length)
    throw refused(
      place,
      `has more nodes that are left out than sound ones: ${leftOut.map(({ node, why }) => `${node} (${why})`).join('; ')}`,
      'Repair these nodes, then measure again.',
    )
  const kept = measured.flatMap((figure) => {
    const units = withoutNodes(comparable(figure), without).filter(({ unsound }) => unsound === undefined)
    return units.length === 0 ? [] : [{ ...figure, units }]
  })
  if (kept.length === 0) throw refused(place, `has no sound figure: ${reasonsIn(measured)}`, REPAIR)
  for (const figure of kept) requireSound(figure, place)
  return {
    figures: kept.map(proposeFigure),
    nodes: nodesOf(kept),
    leftOut,
    rounds: Math.min(...kept.flatMap(({ units }) => units.map(({ bandwidth }) => bandwidth.length))),
    spread: kept.every(({ units }) => independentUnits(units.map(withRounds)) > 1) ? 'measured' : 'assumed',
  }
}

const REPAIR = 'Repair what the failed expectations name, then measure again.'

const withRounds = (unit: UnitFigures): UnitFigures & { readonly rounds: readonly number[] } => ({
  ...unit,
  rounds: unit.bandwidth,
})
const comparable = ({ units }: MeasuredFigure): readonly ReturnType<typeof withRounds>[] =>
  units.map(withRounds)

const nodesOf = (figures: readonly MeasuredFigure[]): readonly string[] =>
  [...new Set(figures.flatMap(({ units }) => units.flatMap(({ nodes }) => nodes)))].sort()

/** Nodes that are unlike the others in a figure, and nodes of which no pair is sound, each with the first reason. */
function leftOutOf(measured: readonly MeasuredFigure[]): readonly UnlikeNode[] {
  const found = measured.flatMap((figure) => {
    const where = `${figure.comparison}, ${figure.arm}`
    const unlike = unlikeNodes(comparable(figure)).map(({ node, why }) => ({
      node,
      why: `${where}: bandwidth ${why}`,
    }))
    return [...unsoundNodes(figure).map(({ node, why }) => ({ node, why: `${where}: ${why}` })), ...unlike]
  })
  return [...new Map(found.toReversed().map((one) => [one.node, one])).values()].toSorted((a, b) =>
    a.node < b.node ? -1 : 1,
  )
}

/** Of three nodes and more: those whose every pair is unsound. The partners are sound in another pair. */
function unsoundNodes(figure: MeasuredFigure): readonly UnlikeNode[] {
  const nodes = nodesOf([figure])
  if (nodes.length < 3) return []
  return nodes.flatMap((node) => {
    const own = figure.units.filter((unit) => unit.nodes.includes(node))
    const why = own[0]?.unsound
    return why === undefined || own.some(({ unsound }) => unsound === undefined) ? [] : [{ node, why }]
  })
}

function reasonsIn(measured: readonly MeasuredFigure[]): string {
  const reasons = measured.flatMap(({ units }) => units.flatMap(({ unsound }) => unsound ?? []))
  return [...new Set(reasons)].slice(0, 5).join('; ')
}

function requireSound(figure: MeasuredFigure, place: string): void {
  const { comparison, arm, size } = figure
  const where = `${place}: ${comparison}, arm ${arm}, ${formatBytes(size)}`
  const few = figure.units.find(({ bandwidth }) => bandwidth.length < LEAST_ROUNDS)
  if (few !== undefined)
    throw refused(
      where,
      `has ${few.bandwidth.length} rounds on ${few.nodes.join(' and ')}, and at least ${LEAST_ROUNDS} are required`,
      'Set --rounds to 3 or more.',
    )
  const share = disagreement(comparable(figure))
  if (share === undefined) return
  const names = figure.units.map(({ nodes }) => nodes.join(' and '))
  throw refused(
    where,
    `differs by ${formatPercent(share)} between ${names.join(' and ')}, and two do not show which of them is sound`,
    'Measure on three nodes or more.',
  )
}

function proposeFigure({ units, ...measurement }: MeasuredFigure): ProposedFigure {
  const independent = independentUnits(units.map(withRounds))
  const of = (key: 'bandwidth' | 'latency' | 'p50Latency'): Tolerance =>
    toleranceOf(
      units.map((unit) => unit[key]),
      independent,
    )
  return { ...measurement, bandwidth: of('bandwidth'), latency: of('latency'), p50Latency: of('p50Latency') }
}

const refused = (subject: string, problem: string, hint: string): ClaimcheckError =>
  new ClaimcheckError('BASELINE_REFUSED', { subject, problem, hint })
