/** Plots of every comparison, and the nodes that it ran on. Of a large run, those that are not passed come first. */
import { formatBytes, formatRate, bytes, gigabytesPerSecond } from '../../core/units.ts'
import type { Expectation } from '../../expect/expectation.ts'
import { markup, type Markup } from './markup.ts'
import { figureOf, tableOf, type Plot } from './plots/figure.ts'
import { latencyDistribution } from './plots/latency-distribution.ts'
import { latencyOverTime } from './plots/latency-over-time.ts'
import { nodeFigures } from './plots/node-figures.ts'
import { nodePairs } from './plots/node-pairs.ts'
import { nicBytes } from './plots/nic-bytes.ts'
import { pathBandwidth } from './plots/path-bandwidth.ts'
import { roundsPlot, type RoundsPlot } from './plots/rounds-plot.ts'
import { bandwidthCurve, FEWEST_SIZES, latencyCurve } from './plots/size-curve.ts'
import type { RecordedComparison } from './recorded-evidence.ts'
import { partId, type PageReport, type RunView } from './run-view.ts'
import { mapNode, rootsIn } from './topology/node-map.ts'
import { nodeDrawing } from './topology/node-drawing.ts'
import { usedPaths } from './topology/used-paths.ts'
import { count, EMULATED_BADGE, tag } from './words.ts'

/** Comparisons that are drawn; the others are listed with their figures. */
const MOST_DRAWN = 24
/** Where the plots of all nodes show what differs between the pairs. */
const MOST_DRAWN_OF_PAIRS = 4

export function measurements(view: RunView): Markup | undefined {
  if (view.comparisons.length === 0) return undefined
  const judged = view.comparisons.map((comparison) => {
    const expectations = expectationsOn(comparison, view.report)
    return { comparison, expectations, verdict: worst(expectations) }
  })
  const rank = (verdict: string): number => ['failed', 'inconclusive', 'passed'].indexOf(verdict)
  const sorted = judged.toSorted((a, b) => rank(a.verdict) - rank(b.verdict))
  const ofAllNodes = nodes(view)
  const most = ofAllNodes.length > 0 ? MOST_DRAWN_OF_PAIRS : MOST_DRAWN
  const drawn = sorted.slice(0, most)
  const listed = sorted.slice(most)
  return markup`<section id="${view.prefix}measurements"><h2>Measurements</h2>
${ofAllNodes}
${drawings(
  drawn.map(({ comparison }) => comparison),
  view,
)}
${drawn.map((one) => comparisonOf(one, view))}
${curves(view)}
${listed.length > 0 && markup`<h3>${count(listed.length, 'further comparison')}</h3><p>They are listed without plots, to keep the page small.</p>${tableOf(figuresOf(listed.map(({ comparison }) => comparison)), 'Further comparisons')}`}
</section>`
}

interface Judged {
  readonly comparison: RecordedComparison
  readonly expectations: readonly Expectation[]
  readonly verdict: string
}

const expectationsOn = ({ file, name }: RecordedComparison, { tests }: PageReport): readonly Expectation[] =>
  tests
    .filter((test) => test.file === file)
    .flatMap(({ expectations }) => expectations.filter(({ basis }) => basis?.on === name))

const worst = (expectations: readonly Expectation[]): string =>
  ['failed', 'inconclusive'].find((verdict) => expectations.some((one) => one.verdict === verdict)) ??
  'passed'

function comparisonOf({ comparison, expectations, verdict }: Judged, view: RunView): Markup {
  const { file, name, op, size, iters, warmupIters, arms, rounds, failure } = comparison
  const id = partId(view.prefix, 'comparison', file, name)
  const nodes = nodesOf(comparison).join(' and ')
  const about = [
    `${op} of ${formatBytes(bytes(size))}`,
    ...(arms.length > 0 ? [arms.join(' against ')] : []),
    count(rounds.length, 'round'),
    `${iters} iterations after ${warmupIters} of warm-up`,
    ...(nodes === '' ? [] : [`on ${nodes}`]),
  ].join(', ')
  const plots = arms.length === 0 ? [] : plotsOf(comparison, expectations, view)
  return markup`<h3 id="${id}">${name} ${expectations.length > 0 && tag(verdict)} ${view.emulated && EMULATED_BADGE}</h3>
<p class="quiet">${about}</p>
${failure !== undefined && markup`<p class="hint lines">${failure.code}: ${failure.message}</p>`}
${plots.length > 0 && markup`<div class="plots">${plots.map((plot, index) => figureOf(plot, `${id}-plot-${index + 1}`))}</div>`}\n`
}

function plotsOf(
  comparison: RecordedComparison,
  expectations: readonly Expectation[],
  view: RunView,
): readonly Plot[] {
  return [
    ratioPlot(comparison, expectations),
    bandwidthPlot(comparison, expectations),
    latencyDistribution(comparison),
    latencyOverTime(comparison),
    pathBandwidth(comparison, view.named),
    nicBytes(comparison),
  ].filter((plot) => plot !== undefined)
}

/** Of the first expectation that holds two arms against each other by bandwidth. */
function ratioPlot({ rounds }: RecordedComparison, expectations: readonly Expectation[]): Plot | undefined {
  for (const { basis, interval } of expectations) {
    if (basis?.ask.kind !== 'outperform') continue
    const { arm, other, by } = basis.ask
    const values = rounds.flatMap(({ round, arms }) => {
      const [one, against] = [arms.get(arm), arms.get(other)]
      return one === undefined || against === undefined
        ? []
        : [{ round, value: one.bandwidth / against.bandwidth }]
    })
    if (values.length === 0) continue
    return roundsPlot({
      title: `Bandwidth of ${arm} over ${other}`,
      label: 'ratio of bandwidths',
      series: [{ name: `${arm} / ${other}`, values, interval }],
      limits: [{ value: by, text: `at least ${by}x` }],
      format: (value) => `${Number(value.toPrecision(4))}x`,
    })
  }
  return undefined
}

/** With the bounds of the SKU where an expectation holds the arm against them. */
function bandwidthPlot({ arms, rounds }: RecordedComparison, expectations: readonly Expectation[]): Plot {
  const within = expectations.filter(({ basis }) => basis?.ask.kind === 'within')
  const intervalOf = (arm: string): Expectation['interval'] =>
    within.find(
      ({ basis, interval }) =>
        basis?.ask.kind === 'within' && basis.ask.arm === arm && interval?.unit === 'GB/s',
    )?.interval
  const limits = new Map<string, RoundsPlot['limits'][number]>(
    within.flatMap(({ basis }) => {
      if (basis?.ask.kind !== 'within') return []
      const { arm, reference } = basis.ask
      if (reference.bandwidth === undefined) return []
      const { value, bounds } = reference.bandwidth
      return [
        [
          `${arm} low`,
          { value: value * (1 + bounds.lower), text: `${arm} at least ${rate(value * (1 + bounds.lower))}` },
        ] as const,
        [
          `${arm} high`,
          { value: value * (1 + bounds.upper), text: `${arm} at most ${rate(value * (1 + bounds.upper))}` },
        ] as const,
      ]
    }),
  )
  return roundsPlot({
    title: 'Bandwidth of every round',
    label: 'bandwidth in GB/s',
    series: arms.map((name) => ({
      name,
      values: rounds.flatMap(({ round, arms }) => {
        const value = arms.get(name)?.bandwidth
        return value === undefined ? [] : [{ round, value }]
      }),
      interval: intervalOf(name),
    })),
    limits: [...limits.values()],
    format: (value) => String(Number(value.toPrecision(4))),
  })
}

const rate = (value: number): string => formatRate(gigabytesPerSecond(value))

const nodesOf = ({ rounds }: RecordedComparison): readonly string[] => [
  ...new Set(
    rounds
      .flatMap(({ arms }) =>
        [...arms.values()].flatMap(({ outcome }) => [outcome.initiator.node, outcome.target.node]),
      )
      .sort(),
  ),
]

/** One drawing for comparisons of the same claims on two nodes, and one for all comparisons of a file within a node. */
function drawings(comparisons: readonly RecordedComparison[], view: RunView): Markup | undefined {
  const groups = Map.groupBy(comparisons, (comparison) => {
    const nodes = nodesOf(comparison)
    return JSON.stringify([comparison.file, nodes, nodes.length === 1 || claimedBy(comparison)])
  })
  const figures = [...groups.values()].flatMap((group) => drawingOf(group, view) ?? [])
  if (figures.length === 0) return undefined
  return markup`<h3>The nodes and the way of the bytes ${view.emulated && EMULATED_BADGE}</h3><div class="plots">${figures}</div>`
}

function drawingOf(group: readonly RecordedComparison[], view: RunView): Markup | undefined {
  const [first] = group
  if (first === undefined) return undefined
  const file = view.report.files[first.file]
  const evidence = view.evidence.get(first.file)
  if (file?.profile === undefined || evidence === undefined) return undefined
  const { profile } = file
  const nodes = nodesOf(first)
  if (nodes.length === 0 || nodes.length > 2) return undefined
  const comparison = nodes.length === 2 ? first : together(group, first)
  const paths = usedPaths(comparison)
  if (paths.every(({ ends: [one, other] }) => one === other)) return undefined
  const faults = file.emulation?.faults ?? []
  const marks = { comparison, faults, named: view.named, roots: rootsIn(evidence) }
  const plot = nodeDrawing(
    nodes.map((node) => mapNode(node, profile, marks)),
    comparison.arms,
    paths,
  )
  const names = group.length > 4 ? first.file : group.map(({ name }) => name).join(', ')
  return figureOf(
    { ...plot, title: `${plot.title}: ${names}` },
    partId(view.prefix, 'nodes', first.file, first.name),
  )
}

const together = (group: readonly RecordedComparison[], first: RecordedComparison): RecordedComparison => ({
  ...first,
  arms: [...new Set(group.flatMap(({ arms }) => arms))],
  rounds: group.flatMap(({ rounds }) => rounds),
})

function claimedBy({ arms, rounds }: RecordedComparison): unknown {
  return arms.map((arm) => {
    const outcome = rounds.find((round) => round.arms.has(arm))?.arms.get(arm)?.outcome
    return [arm, outcome?.initiator.allocated, outcome?.target.allocated].map((one) =>
      typeof one === 'object' ? [...one.gpus, ...one.nics].map(({ name }) => name) : one,
    )
  })
}

/** For a comparison that was measured on several pairs of nodes: each node against the others, and each pair. */
function nodes(view: RunView): readonly Markup[] {
  const groups = Map.groupBy(view.comparisons, ({ file, name }) =>
    JSON.stringify([file, nameOfAllPairs(name)]),
  )
  return [...groups.values()].flatMap((group) => {
    const [first] = group
    const figures = first && nodeFigures(group)
    if (first === undefined || figures === undefined) return []
    const name = nameOfAllPairs(first.name)
    const id = partId(view.prefix, 'all-nodes', first.file, name)
    const plots = [figures, ...first.arms.flatMap((arm) => nodePairs(group, arm) ?? [])]
    return [
      markup`<h3>All nodes: ${name} ${view.emulated && EMULATED_BADGE}</h3><div class="plots">${plots.map((plot, index) => figureOf(plot, `${id}-plot-${index + 1}`))}</div>`,
    ]
  })
}

/** `kv-1gib` of `kv-1gib node-a node-b`: a comparison is recorded for each pair under its name and the pair's nodes. */
const nameOfAllPairs = (name: string): string => name.split(' ')[0] ?? name

/** For comparisons of a file that move the same way and differ in size. */
function curves(view: RunView): readonly Markup[] {
  const groups = Map.groupBy(view.comparisons, ({ file, op, arms }) => JSON.stringify([file, op, arms]))
  return [...groups.values()].flatMap((group) => {
    const sizes = new Set(group.filter(({ arms }) => arms.length > 0).map(({ size }) => size))
    const [first] = group
    if (first === undefined || sizes.size < FEWEST_SIZES) return []
    // The same size measured twice is drawn once, as the comparison of that name.
    const own = [...new Map(group.map((one) => [one.size, one])).values()]
    const id = partId(view.prefix, 'curve', first.file, first.op, ...first.arms)
    return [
      markup`<h3>Size of a transfer: ${first.op} in ${first.file} ${view.emulated && EMULATED_BADGE}</h3><div class="plots">${figureOf(bandwidthCurve(own), `${id}-bandwidth`)}${figureOf(latencyCurve(own), `${id}-latency`)}</div>`,
    ]
  })
}

function figuresOf(comparisons: readonly RecordedComparison[]): Plot['table'] {
  return {
    columns: ['comparison', 'nodes', 'arm', 'mean bandwidth', 'least of the rounds', 'most', 'rounds'],
    rows: comparisons.flatMap((comparison) =>
      comparison.arms.map((arm) => {
        const values = comparison.rounds.flatMap(({ arms }) => arms.get(arm)?.bandwidth ?? [])
        const mean = values.reduce((sum, value) => sum + value, 0) / values.length
        return [
          comparison.name,
          nodesOf(comparison).join(', '),
          arm,
          rate(mean),
          rate(Math.min(...values)),
          rate(Math.max(...values)),
          values.length,
        ]
      }),
    ),
  }
}
