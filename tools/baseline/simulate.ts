/**
 * Simulates baselines of SKUs whose true figures are known, and runs that are held against the bounds: of sound nodes, and of nodes
 * that are slower than they should be.
 */
import { absoluteInterval } from '../../harness/measure/interval.ts'
import { levelOf, looksFor } from '../../harness/measure/sequential-looks.ts'
import {
  independentUnits,
  unlikeNodes,
  withoutNodes,
  type MeasuredUnit,
} from '../../harness/measure/sound-nodes.ts'
import { toleranceOf, type Tolerance } from '../../harness/measure/tolerance-interval.ts'
import { seededRandom, type RandomSource } from '../../harness/rack/seeded-random.ts'

export interface Scenario {
  /** `nodes`: transfers within a node; `pairs`: between the nodes of a ring. */
  readonly units: 'nodes' | 'pairs'
  readonly nodes: number
  /** Standard deviations as shares of the figure: from node to node, and from round to round. */
  readonly spread: number
  readonly noise: number
}

/** The shares by which a bad node is slower. */
export const SLOWER = [0.05, 0.1, 0.15, 0.2, 0.3, 0.5] as const
const ROUNDS = 6
const TRUE_FIGURE = 40
/** Of the bad node in a baseline. */
const BAD_IN_BASELINE = 0.3

export interface Outcome extends Scenario {
  readonly skus: number
  /** Runs of a sound node that passed and failed; the others were inconclusive. */
  readonly soundPassed: number
  readonly soundFailed: number
  /** Runs of a bad node that did not pass, for each of `SLOWER`. */
  readonly badCaught: readonly number[]
  /** Typical distance of the lower bound from the value. */
  readonly lower: number
  /** Baselines that named a sound node as unlike the others. */
  readonly soundLeftOut: number
  /** Baselines with a bad node among its nodes that named it, and only it; undefined where none can be named. */
  readonly badLeftOut: number | undefined
}

export function simulateBaselines(scenario: Scenario, skus: number, seed: number): Outcome {
  const draw = seededRandom(seed, `${scenario.units} ${scenario.nodes} ${scenario.spread} ${scenario.noise}`)
  const lowers: number[] = []
  const count = { soundPassed: 0, soundFailed: 0, soundLeftOut: 0, badLeftOut: 0 }
  const badCaught = SLOWER.map(() => 0)
  for (let sku = 0; sku < skus; sku++) {
    const { tolerance, left } = baselineOf(measure(scenario, draw, 0))
    if (left.length > 0) count.soundLeftOut++
    lowers.push(-tolerance.bounds.lower)
    const sound = verdictOf(tolerance, scenario, draw, 0)
    if (sound === 'passed') count.soundPassed++
    if (sound === 'failed') count.soundFailed++
    SLOWER.forEach((slower, i) => {
      if (verdictOf(tolerance, scenario, draw, slower) !== 'passed') badCaught[i] = (badCaught[i] ?? 0) + 1
    })
    const { left: named } = baselineOf(measure(scenario, draw, BAD_IN_BASELINE))
    if (named.join() === 'node-1') count.badLeftOut++
  }
  const { badLeftOut, ...counts } = count
  return {
    ...scenario,
    skus,
    ...counts,
    badCaught,
    badLeftOut: scenario.nodes < 3 ? undefined : badLeftOut,
    lower: lowers.toSorted((a, b) => a - b)[Math.floor(skus / 2)] ?? Number.NaN,
  }
}

function baselineOf(units: readonly MeasuredUnit[]): {
  readonly tolerance: Tolerance
  readonly left: readonly string[]
} {
  const left = unlikeNodes(units).map(({ node }) => node)
  const kept = withoutNodes(units, new Set(left))
  return {
    tolerance: toleranceOf(
      kept.map(({ rounds }) => rounds),
      independentUnits(kept),
    ),
    left,
  }
}

/** The units of a rack. `slower`: the share by which its first node is slower than it should be. */
function measure(
  { units, nodes, spread, noise }: Scenario,
  draw: RandomSource,
  slower: number,
): MeasuredUnit[] {
  const effects = Array.from(
    { length: nodes },
    (_, i) => spread * draw.normal() + (i === 0 ? Math.log(1 - slower) : 0),
  )
  const nameOf = (index: number): string => `node-${(index % nodes) + 1}`
  const rounds = (effect: number): number[] =>
    Array.from({ length: ROUNDS }, () => TRUE_FIGURE * Math.exp(effect + noise * draw.normal()))
  if (units === 'nodes') return effects.map((effect, i) => ({ nodes: [nameOf(i)], rounds: rounds(effect) }))
  return Array.from({ length: nodes === 2 ? 1 : nodes }, (_, i) => ({
    nodes: [nameOf(i), nameOf(i + 1)],
    rounds: rounds(Math.min(effects[i] ?? 0, effects[(i + 1) % nodes] ?? 0)),
  }))
}

const looks = looksFor(3)

/** Of a later run of one node, or of a pair of nodes, with the looks of a real one. */
function verdictOf(
  { value, bounds }: Tolerance,
  { units, spread, noise }: Scenario,
  draw: RandomSource,
  slower: number,
): 'passed' | 'failed' | 'inconclusive' {
  const own = spread * draw.normal() + Math.log(1 - slower)
  const effect = units === 'nodes' ? own : Math.min(own, spread * draw.normal())
  const rounds = Array.from(
    { length: looks.cap },
    () => TRUE_FIGURE * Math.exp(effect + noise * draw.normal()),
  )
  const [least, most] = [value * (1 + bounds.lower), value * (1 + bounds.upper)]
  for (const count of looks.at) {
    const { low, high } = absoluteInterval(rounds.slice(0, count), levelOf(looks))
    if (low >= least && high <= most) return 'passed'
    if (high < least || low > most) return 'failed'
  }
  return 'inconclusive'
}
