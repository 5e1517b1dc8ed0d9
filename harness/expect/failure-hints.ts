/** Hints at the probable cause of a bad figure. Each names a device or a round of an arm and what to check. */
import { median, sampleStandardDeviation } from 'simple-statistics'
import { formatPercent, formatRate, gigabytesPerSecond } from '../core/units.ts'
import type { ArmRound } from '../measure/arm-round.ts'
import { driftInterval } from '../measure/drift.ts'
import { ROUND_NOISE } from '../measure/interval.ts'
import { outlyingRounds } from '../measure/outliers.ts'
import { fabricHints } from './fabric-hints.ts'

/** A path below this share of the other paths' median rate is reported. */
const SLOW = 0.9
/** Rates that differ by less than this share count as equal. */
const SAME = 0.1
/** The smallest drift within an arm that is reported. */
const DRIFT = 0.01
/** The smallest decline over the whole run that is reported. */
const FALL = 0.03

/** All hints for an arm that failed an expectation. */
export const failureHints = (rounds: readonly ArmRound[]): string[] => [
  ...slowPaths(rounds),
  ...fabricHints(rounds),
  ...driftWithin(rounds),
  ...declineOverRounds(rounds),
]

/** Hints for an arm that is too noisy. They name no slow paths, since a noisy round may slow down any path. */
export const noiseHints = (rounds: readonly ArmRound[]): string[] => [
  ...scatterOverRounds(rounds),
  ...fabricHints(rounds),
  ...driftWithin(rounds),
  ...declineOverRounds(rounds),
]

/** Reports a standard deviation of bandwidth from round to round above that of a healthy node. */
function scatterOverRounds(rounds: readonly ArmRound[]): string[] {
  if (rounds.length < 2) return []
  const scatter = sampleStandardDeviation(rounds.map(({ bandwidth }) => Math.log(bandwidth)))
  if (scatter <= ROUND_NOISE) return []
  return [
    `${rounds[0]?.arm} has a standard deviation of ${formatPercent(scatter)} from round to round; a healthy node stays within ${formatPercent(ROUND_NOISE)}. Check for other load on the nodes and the fabric.`,
  ]
}

/** Reports each path that is slow in most rounds of the arm. */
function slowPaths(rounds: readonly ArmRound[]): string[] {
  return pathsOf(rounds).flatMap(({ path, rates, others }) => {
    if (median(rates.map((own, round) => own / (others[round] ?? Number.NaN))) >= SLOW) return []
    const figures = `${rate(median(rates))}, the median of the other paths is ${rate(median(others))}`
    return [`${path} is slow: ${figures}. Check the PCIe link, cable and port counters of both NICs.`]
  })
}

const WHERE =
  'Compare /sys/class/infiniband/*/device/numa_node and `nvidia-smi topo -m` on both nodes with the published numaNode.'

/** Lists paths as fast as the other arm's: their NIC is probably on another NUMA node than published. */
export function misplacedNicHints(one: readonly ArmRound[], other: readonly ArmRound[]): string[] {
  const [own, foreign] = [one, other].map((rounds) =>
    median(rounds.flatMap(({ streams }) => streams.map(({ bandwidth }) => bandwidth))),
  ) as [number, number]
  const near = (a: number, b: number): boolean => Math.abs(a / b - 1) < SAME
  if (near(own, foreign))
    return [
      `A path of ${one[0]?.arm} is as fast as one of ${other[0]?.arm}: ${rate(own)} and ${rate(foreign)}. Either the interconnect between NUMA nodes has no cost here, or NICs are not on the NUMA nodes that are published. ${WHERE}`,
    ]
  return [
    { rounds: one, theirs: foreign, arm: other[0]?.arm },
    { rounds: other, theirs: own, arm: one[0]?.arm },
  ].flatMap(({ rounds, theirs, arm }) =>
    pathsOf(rounds)
      .map(({ path, rates }) => ({ path, carried: median(rates) }))
      .filter(({ carried }) => near(carried, theirs))
      .map(
        ({ path, carried }) =>
          `${path} is as fast as a path of ${arm}: ${rate(carried)}. One of its NICs may be on another NUMA node than published. ${WHERE}`,
      ),
  )
}

export interface PathRates {
  /** As in the first round; the direction alternates from round to round. */
  readonly path: string
  /** GB/s in each round. */
  readonly rates: readonly number[]
  /** The median rate of the other paths in each round. */
  readonly others: readonly number[]
}

/** The rate of each path of an arm beside the other paths that have as many NICs; paths without such others are left out. */
export function pathsOf(rounds: readonly ArmRound[]): readonly PathRates[] {
  const streams = rounds[0]?.streams ?? []
  return streams.flatMap(({ path, sharing }, index) => {
    const alike = streams.flatMap((other, at) => (at !== index && other.sharing === sharing ? at : []))
    if (alike.length === 0) return []
    const rateIn = (round: ArmRound, at: number): number => round.streams[at]?.bandwidth ?? Number.NaN
    return {
      path,
      rates: rounds.map((round) => rateIn(round, index)),
      others: rounds.map((round) => median(alike.map((at) => rateIn(round, at)))),
    }
  })
}

/** Reports iterations that become significantly slower or faster within the arm, by more than 1 %. */
export function driftWithin(rounds: readonly ArmRound[]): string[] {
  const samples = rounds.map(({ outcome }) => outcome.result.samples_seconds)
  if (samples.length < 2 || samples.some((own) => own.length < 2)) return []
  const { estimate, low, high } = driftInterval(samples, 0.95)
  const arm = rounds[0]?.arm ?? ''
  if (low > 1 + DRIFT)
    return [
      `${arm} slows down within the arm: an iteration takes ${formatPercent(estimate - 1)} longer at the end. Check temperatures, clocks and pause frames.`,
    ]
  if (high < 1 - DRIFT)
    return [
      `${arm} speeds up within the arm: an iteration takes ${formatPercent(1 - estimate)} less at the end. Warm-up is not complete when timing starts: raise warmupIters.`,
    ]
  return []
}

/** Reports an arm in which every round is slower than the one before. */
export function declineOverRounds(rounds: readonly ArmRound[]): string[] {
  const rates = rounds.map(({ bandwidth }) => bandwidth)
  const [first, last] = [rates[0], rates.at(-1)]
  if (first === undefined || last === undefined || rates.length < 3) return []
  const falls = rates.every((one, i) => i === 0 || one < (rates[i - 1] ?? 0))
  if (!falls || last > first * (1 - FALL)) return []
  return [
    `${rounds[0]?.arm} becomes slower from round to round: ${rates.map((one) => rate(one)).join(', ')}. Check temperatures, clocks and other load on the fabric.`,
  ]
}

/** Rounds whose bandwidth is an outlier among the arm's rounds. They stay in every figure. */
export function outlyingBandwidth(
  rounds: readonly ArmRound[],
): readonly { readonly round: number; readonly reason: string }[] {
  const rates = rounds.map(({ bandwidth }) => bandwidth)
  return outlyingRounds(rates).flatMap((index) => {
    const own = rounds[index]
    if (own === undefined) return []
    const others = median(rates.filter((_, i) => i !== index))
    const reason = `${own.arm} round ${own.round + 1} is an outlier: ${rate(own.bandwidth)}, the median of the others is ${rate(others)}. It stays in every figure.`
    return [{ round: own.round, reason }]
  })
}

const rate = (value: number): string => formatRate(gigabytesPerSecond(value))
