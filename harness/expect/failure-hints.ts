/** What probably causes a bad figure. Takes rounds of one arm; gives sentences that name the device or the round and say how to look. */
import { median, sampleStandardDeviation } from 'simple-statistics'
import { formatPercent, formatRate, gigabytesPerSecond } from '../core/units.ts'
import type { ArmRound } from '../measure/arm-round.ts'
import { driftInterval } from '../measure/drift.ts'
import { ROUND_NOISE } from '../measure/interval.ts'
import { outlyingRounds } from '../measure/outliers.ts'

/** A path this much slower than the median path of its arm is named. */
const SLOW = 0.9
/** Rates this near to each other are taken for the same. */
const SAME = 0.1
/** A drift within the arm from which on it is named. */
const DRIFT = 0.01
/** A fall over the whole run from which on it is named. */
const FALL = 0.03

/** Everything that the rounds of a bad arm show. */
export const failureHints = (rounds: readonly ArmRound[]): string[] => [
  ...slowPaths(rounds),
  ...driftWithin(rounds),
  ...declineOverRounds(rounds),
]

/** Why the rounds of an arm do not settle. A path that is slow in a noisy round is no suspicion against its NIC. */
export const noiseHints = (rounds: readonly ArmRound[]): string[] => [
  ...scatterOverRounds(rounds),
  ...driftWithin(rounds),
  ...declineOverRounds(rounds),
]

/** Says so when the bandwidth scatters more from round to round than on a sound node. */
function scatterOverRounds(rounds: readonly ArmRound[]): string[] {
  if (rounds.length < 2) return []
  const scatter = sampleStandardDeviation(rounds.map(({ bandwidth }) => Math.log(bandwidth)))
  if (scatter <= ROUND_NOISE) return []
  return [
    `${rounds[0]?.arm} scatters by ${formatPercent(scatter)} from round to round; a sound node stays within ${formatPercent(ROUND_NOISE)}. Look for other load on the nodes and the fabric.`,
  ]
}

/** Names each path that is slow in most rounds of the arm. */
function slowPaths(rounds: readonly ArmRound[]): string[] {
  return pathsOf(rounds).flatMap(({ path, rates, others }) => {
    if (median(rates.map((own, round) => own / (others[round] ?? Number.NaN))) >= SLOW) return []
    const figures = `${rate(median(rates))} against ${rate(median(others))} of the median path`
    return [`${path} is slow: ${figures}. Look at both NICs' PCIe link, cable and port counters.`]
  })
}

const WHERE =
  'Compare /sys/class/infiniband/*/device/numa_node and `nvidia-smi topo -m` on both nodes with the published numaNode.'

/** Names what carries the bytes of its arm as fast as the other arm carries its own: published there, it may lie elsewhere. */
export function misplacedNicHints(one: readonly ArmRound[], other: readonly ArmRound[]): string[] {
  const [own, foreign] = [one, other].map((rounds) =>
    median(rounds.flatMap(({ streams }) => streams.map(({ bandwidth }) => bandwidth))),
  ) as [number, number]
  const near = (a: number, b: number): boolean => Math.abs(a / b - 1) < SAME
  if (near(own, foreign))
    return [
      `A path of ${one[0]?.arm} is as fast as one of ${other[0]?.arm}: ${rate(own)} and ${rate(foreign)}. Either the interconnect costs nothing here, or the NICs do not lie on the NUMA nodes that are published. ${WHERE}`,
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
          `${path} carries what a path of ${arm} does: ${rate(carried)}. One of its NICs may lie on another NUMA node than is published. ${WHERE}`,
      ),
  )
}

export interface PathRates {
  /** As in the first round; the nodes change sides from round to round. */
  readonly path: string
  /** GB/s of each round. */
  readonly rates: readonly number[]
  /** Of each round, the median rate of the other paths. */
  readonly others: readonly number[]
}

/** What each path of an arm carried beside the others. An arm with one path has nothing to compare. */
export function pathsOf(rounds: readonly ArmRound[]): readonly PathRates[] {
  const streams = rounds[0]?.streams ?? []
  if (streams.length < 2) return []
  return streams.map(({ path }, index) => ({
    path,
    rates: rounds.map((round) => round.streams[index]?.bandwidth ?? Number.NaN),
    others: rounds.map((round) =>
      median(round.streams.filter((_, i) => i !== index).map(({ bandwidth }) => bandwidth)),
    ),
  }))
}

/** Says so when the arm's iterations become slower or faster from beginning to end, beyond chance and beyond 1 %. */
export function driftWithin(rounds: readonly ArmRound[]): string[] {
  const samples = rounds.map(({ outcome }) => outcome.result.samples_seconds)
  if (samples.length < 2 || samples.some((own) => own.length < 2)) return []
  const { estimate, low, high } = driftInterval(samples, 0.95)
  const arm = rounds[0]?.arm ?? ''
  if (low > 1 + DRIFT)
    return [
      `${arm} slows down within the arm: an iteration takes ${formatPercent(estimate - 1)} longer at the end. Look at temperatures, clocks and pause frames.`,
    ]
  if (high < 1 - DRIFT)
    return [
      `${arm} speeds up within the arm: an iteration takes ${formatPercent(1 - estimate)} less at the end. Its warm-up is not over when the timing starts: raise warmupIters.`,
    ]
  return []
}

/** Says so when every round is slower than the one before it: something changes over the run. */
export function declineOverRounds(rounds: readonly ArmRound[]): string[] {
  const rates = rounds.map(({ bandwidth }) => bandwidth)
  const [first, last] = [rates[0], rates.at(-1)]
  if (first === undefined || last === undefined || rates.length < 3) return []
  const falls = rates.every((one, i) => i === 0 || one < (rates[i - 1] ?? 0))
  if (!falls || last > first * (1 - FALL)) return []
  return [
    `${rounds[0]?.arm} falls from round to round: ${rates.map((one) => rate(one)).join(', ')}. Look at temperatures, clocks and other load on the fabric.`,
  ]
}

/** Rounds whose bandwidth lies apart from the others of the arm. They stay in every figure. */
export function outlyingBandwidth(
  rounds: readonly ArmRound[],
): readonly { readonly round: number; readonly reason: string }[] {
  const rates = rounds.map(({ bandwidth }) => bandwidth)
  return outlyingRounds(rates).flatMap((index) => {
    const own = rounds[index]
    if (own === undefined) return []
    const others = median(rates.filter((_, i) => i !== index))
    const reason = `${own.arm} round ${own.round + 1} lies apart: ${rate(own.bandwidth)} where the others' median is ${rate(others)}. It is kept in every figure.`
    return [{ round: own.round, reason }]
  })
}

const rate = (value: number): string => formatRate(gigabytesPerSecond(value))
