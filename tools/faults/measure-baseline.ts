/**
 * Measures a baseline on a rack whose nodes differ as sound nodes of an SKU do, by the method of `claimcheck baseline`, and
 * holds acceptances of other nodes against it: sound ones, and ones whose NICs are all slower than they should be.
 */
import { evidenceOf } from '../../harness/certificate/issue-certificate.ts'
import { measuredFigures } from '../../harness/cli/baseline/measured-figures.ts'
import { propose, type Proposal } from '../../harness/cli/baseline/propose.ts'
import { withBaseline } from '../../harness/cli/baseline/write-profile.ts'
import { ClaimcheckError } from '../../harness/core/errors.ts'
import { readTextFile } from '../../harness/core/input-file.ts'
import { comparisonEvidence } from '../../harness/expect/evidence.ts'
import type { Fault } from '../../harness/rack/fault.ts'
import type { Rack } from '../../harness/rack/rack.ts'
import { seededRandom, type RandomSource } from '../../harness/rack/seeded-random.ts'
import { simulateAcceptance } from '../../harness/simulate/simulate-acceptance.ts'
import type { BaselineSource } from '../../harness/sku/reference.ts'
import { parseSku, type Sku } from '../../harness/sku/sku.ts'
import { withNodes } from './fault-anywhere.ts'
import { ACCEPTANCES_PER_BASELINE, HEALTHY, type BaselineJob } from './jobs.ts'
import { outcomeOf, type FaultOutcome, type Measurement, type SeedOutcome } from './measure.ts'

/** The standard deviation of the rate from node to node. */
export const NODE_SPREAD = 0.01
/** The shares by which all NICs of a bad node are slower. */
export const SLOWER_NODES = [0.05, 0.1, 0.15, 0.2, 0.3, 0.5] as const
/** By which the bad node of every second baseline is slower. */
export const BAD_IN_BASELINE = 0.3
/** The default of `claimcheck baseline --rounds`. */
const ROUNDS = 6
/** The mean rate of sound nodes, as a share of the rack's, so that a faster node is below the rack's rate too. */
const MEAN_RATE = 0.95
const FASTEST = 0.999

export const slowerNode = (share: number): string => `a node ${Math.round(share * 100)} % slower`

export interface BaselineOutcome {
  readonly nodes: number
  readonly refused: boolean
  /** The node that is bad, if any. */
  readonly bad: string | undefined
  readonly leftOut: readonly string[]
  /** The widest lower bound of a bandwidth, as a share of its value. */
  readonly lower: number
}

interface MeasuredBaseline {
  readonly baseline: BaselineOutcome
  readonly outcomes: readonly FaultOutcome[]
}

export async function measureBaseline(
  measurement: Measurement,
  { nodes, seed }: BaselineJob,
): Promise<MeasuredBaseline> {
  const draw = seededRandom(seed, `a baseline on ${nodes} nodes`)
  const rack = withNodes(measurement.rack, nodes)
  const bad = nodes >= 3 && seed % 2 === 0 ? rack.nodes[Math.floor(draw.uniform() * nodes)] : undefined
  const faults = rack.nodes.map((node) => nodeRate(node, draw, node === bad ? BAD_IN_BASELINE : 0))
  const proposal = await proposalOf(measurement, { ...rack, faults, seed })
  if (proposal === undefined)
    return { baseline: { nodes, refused: true, bad, leftOut: [], lower: Number.NaN }, outcomes: [] }
  const { figures, leftOut } = proposal
  const lower = Math.max(...figures.map(({ bandwidth }) => -bandwidth.bounds.lower))
  const baseline = { nodes, refused: false, bad, leftOut: leftOut.map(({ node }) => node), lower }
  return { baseline, outcomes: await acceptances(measurement, { proposal, nodes, seed, draw }) }
}

async function acceptances(
  { suites, rack, firstRounds }: Measurement,
  of: {
    readonly proposal: Proposal
    readonly nodes: number
    readonly seed: number
    readonly draw: RandomSource
  },
): Promise<readonly FaultOutcome[]> {
  const sku = profileWith(of.proposal, rack)
  const half = ACCEPTANCES_PER_BASELINE / 2
  const slower = Array.from({ length: ACCEPTANCES_PER_BASELINE }, (_, index) =>
    index < half ? 0 : (SLOWER_NODES[index % SLOWER_NODES.length] ?? 0),
  )
  const found: { name: string; seed: SeedOutcome }[] = []
  for (const [index, share] of slower.entries()) {
    const seed = of.seed * ACCEPTANCES_PER_BASELINE + index
    const faults = rack.nodes.map((node, at) => nodeRate(node, of.draw, at === index % 2 ? share : 0))
    const acceptance = await simulateAcceptance(suites, { ...rack, sku, faults, seed }, firstRounds)
    found.push({ name: share === 0 ? HEALTHY : slowerNode(share), seed: outcomeOf(seed, acceptance) })
  }
  return [...Map.groupBy(found, ({ name }) => name)].map(([name, own]) => ({
    group: 'baseline' as const,
    nodes: of.nodes,
    name,
    seeds: own.map((one) => one.seed),
  }))
}

/** The NICs of a sound node, all of which are slower by `slower`. */
const nodeRate = (node: string, draw: RandomSource, slower: number): Fault => ({
  kind: 'nics-slow',
  node,
  fraction: Math.min(FASTEST, MEAN_RATE * Math.exp(NODE_SPREAD * draw.normal())) * (1 - slower),
})

/** What `claimcheck baseline` proposes for the rack; undefined where it refuses. */
async function proposalOf({ suites }: Measurement, rack: Rack): Promise<Proposal | undefined> {
  const { parts } = await simulateAcceptance(suites, rack, ROUNDS)
  const evidence = Object.fromEntries(parts.map((part) => [part.plan.name, comparisonEvidence(part)]))
  const file = {
    file: 'suites/numa',
    sku: rack.sku,
    emulation: { runtime: 'model', scale: rack.scale, rack: rack.name, faults: [] } as const,
    evidence: evidenceOf({ evidence }),
    expectations: [],
  }
  const run = {
    path: rack.name,
    digest: '',
    finishedAt: '',
    files: [file],
    nodes: {},
    versions: {},
    skuPath: '',
  }
  try {
    return propose(measuredFigures(run), { place: rack.name, singleNode: false })
  } catch (error) {
    if (error instanceof ClaimcheckError && error.code === 'BASELINE_REFUSED') return undefined
    throw error
  }
}

/** The rack's profile with no other reference than the proposed one, as `claimcheck baseline --write` writes it. */
function profileWith({ figures, nodes, rounds, spread }: Proposal, { skuPath }: Rack): Sku {
  const [devices = ''] = readTextFile(skuPath).split(/^reference:$/m)
  const text = `${devices}reference:\n  source: none yet\n`
  const source: BaselineSource = {
    measuredAt: '2026-01-01T00:00:00.000Z',
    nodes: [...nodes],
    rounds,
    spread,
    versions: {},
    results: `sha256:${'0'.repeat(64)}`,
  }
  return parseSku(withBaseline(text, skuPath, parseSku(text, skuPath), { source, figures }), skuPath)
}
