/**
 * Bounds for a figure that every sound node of an SKU keeps, from the figures of a few nodes: a two-sided tolerance interval of
 * the logarithms. docs/baseline.md gives the formula, its sources and how often the bounds hold.
 */
import { mean, sampleStandardDeviation } from 'simple-statistics'
import { fraction, type Fraction } from '../core/units.ts'
import { chiSquaredQuantile } from './chi-squared.ts'
import { floorOf, ROUND_NOISE } from './interval.ts'
import { levelOf, looksFor } from './sequential-looks.ts'
import { normalQuantile, tQuantile } from './student-t.ts'

/** The share of sound nodes whose figure lies within the interval... */
const PROPORTION = 0.99
/** ...in this share of baselines. */
const CONFIDENCE = 0.95
/** The standard deviation from node to node that is assumed before any is measured. */
const ASSUMED_SPREAD: Fraction = fraction(0.015)
/** The degrees of freedom that the assumption counts for. */
const ASSUMED_DEGREES = 4
/** Rounds before the first look of the runs that will be held against the bounds. */
const FIRST_ROUNDS = 3

/** The figures of one node, or of one pair of nodes: one positive value for each round. */
export type UnitRounds = readonly number[]

export interface Tolerance {
  /** The geometric mean over the units. */
  readonly value: number
  /** Signed shares of the value. */
  readonly bounds: { readonly lower: number; readonly upper: number }
}

/** The spread that is expected of the means of sound units: the assumed one, and the noise of the rounds of a mean. */
export function expectedSpread(units: readonly UnitRounds[]): number {
  const rounds = Math.min(...units.map((unit) => unit.length))
  return Math.hypot(ASSUMED_SPREAD, noiseOf(units) / Math.sqrt(rounds))
}

/**
 * Smyth's moderated standard deviation: the expected spread counts for `ASSUMED_DEGREES` degrees of freedom beside the `degrees`
 * of the measured one.
 */
export const moderate = (expected: number, measured: number, degrees: number): number =>
  Math.sqrt((ASSUMED_DEGREES * expected ** 2 + degrees * measured ** 2) / (ASSUMED_DEGREES + degrees))

/** The standard deviation from round to round within a unit, pooled over the units, as a share of the figure. */
function noiseOf(units: readonly UnitRounds[]): number {
  const several = units.filter((unit) => unit.length > 1)
  if (several.length === 0) return ROUND_NOISE
  return Math.sqrt(mean(several.map((unit) => sampleStandardDeviation(unit.map(Math.log)) ** 2)))
}

/**
 * Howe's tolerance interval with the moderated variance, widened by half the interval of a later run, which must lie within the
 * bounds as a whole. `independent`: the number of units that share no node; pairs of a ring share theirs.
 */
export function toleranceOf(units: readonly UnitRounds[], independent = units.length): Tolerance {
  const n = Math.max(1, independent)
  const means = units.map(logMean)
  const measured = means.length < 2 ? 0 : sampleStandardDeviation(means)
  const spread = moderate(expectedSpread(units), measured, n - 1)
  const degrees = ASSUMED_DEGREES + n - 1
  const factor =
    normalQuantile((1 + PROPORTION) / 2) *
    Math.sqrt((degrees * (1 + 1 / n)) / chiSquaredQuantile(1 - CONFIDENCE, degrees))
  const reach = factor * spread + laterInterval(noiseOf(units))
  return {
    value: Math.exp(mean(means)),
    bounds: { lower: Math.exp(-reach) - 1, upper: Math.exp(reach) - 1 },
  }
}

/** Half the width of a later run's interval after its last look, on a node with this noise from round to round. */
function laterInterval(noise: number): number {
  const looks = looksFor(FIRST_ROUNDS)
  const level = levelOf(looks)
  const t = tQuantile(1 - (1 - level) / 2, looks.cap - 1)
  return Math.max((t * noise) / Math.sqrt(looks.cap), floorOf(looks.cap, level, ROUND_NOISE))
}

export const logMean = (unit: UnitRounds): number => mean(unit.map(Math.log))
