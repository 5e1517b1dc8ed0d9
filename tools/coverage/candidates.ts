/** Confidence intervals that were considered and not chosen, with the same signature as those of the harness. */
import { mean, sampleStandardDeviation } from 'simple-statistics'
import type { Interval } from '../../harness/measure/interval.ts'
import { logGamma } from '../../harness/measure/student-t.ts'
import { seededRandom, type RandomSource } from '../../harness/rack/seeded-random.ts'

const RESAMPLES = 399

type OfRounds = (values: readonly number[], level: number) => Interval

/** The same interval on a logarithmic scale. */
export const logarithmic =
  (interval: OfRounds): OfRounds =>
  (values, level) => {
    const { estimate, low, high, ...rest } = interval(values.map(Math.log), level)
    return { ...rest, estimate: Math.exp(estimate), low: Math.exp(low), high: Math.exp(high) }
  }

/** A percentile by linear interpolation at rank (n-1)p/100, as in a RESULT. */
export function interpolatedPercentile(samples: readonly number[], percentile: number): number {
  const sorted = samples.toSorted((a, b) => a - b)
  const rank = ((sorted.length - 1) * percentile) / 100
  const [below, above] = [sorted[Math.floor(rank)] ?? Number.NaN, sorted[Math.ceil(rank)] ?? Number.NaN]
  return below + (above - below) * (rank - Math.floor(rank))
}

/** The central part of the distribution of resampled means. */
export function percentileBootstrap(values: readonly number[], level: number): Interval {
  const means = resamples(values).map((own) => mean(own))
  return interval(values, level, quantile(means, (1 - level) / 2), quantile(means, (1 + level) / 2))
}

/** The bootstrap-t interval: the mean minus quantiles of the resampled t statistics. Unbounded when the resamples are equal. */
export function studentisedBootstrap(values: readonly number[], level: number): Interval {
  const centre = mean([...values])
  const error = standardError(values)
  const ts = resamples(values).map((own) => {
    const off = mean(own) - centre
    return off === 0 ? 0 : off / standardError(own)
  })
  return interval(
    values,
    level,
    centre - error * quantile(ts, (1 + level) / 2),
    centre - error * quantile(ts, (1 - level) / 2),
  )
}

/** Walsh averages cut off by the exact distribution of Wilcoxon's signed ranks. Unbounded where n cannot reach the level. */
export function hodgesLehmann(values: readonly number[], level: number): Interval {
  const averages = values.flatMap((a, i) => values.slice(i).map((b) => (a + b) / 2)).toSorted((a, b) => a - b)
  const cut = signedRankCut(values.length, (1 - level) / 2)
  return interval(values, level, averages[cut - 1] ?? -Infinity, averages[averages.length - cut] ?? Infinity)
}

/** Binomial ranks of the pooled iterations, which ignores correlation within a round. Unbounded beyond the last rank. */
export function pooledOrderStatistics(
  rounds: readonly (readonly number[])[],
  p: number,
  level: number,
): Interval {
  const sorted = rounds.flat().toSorted((a, b) => a - b)
  const [low, high] = binomialRanks(sorted.length, p, level)
  return {
    estimate: sorted[Math.round(p * (sorted.length - 1))] ?? Number.NaN,
    low: sorted[low - 1] ?? -Infinity,
    high: sorted[high - 1] ?? Infinity,
    level,
    rounds: rounds.length,
  }
}

const ranks = new Map<string, readonly [number, number]>()

/** The ranks from 1 to n between which the quantile p lies with this confidence; 0 and n + 1 where there is no such rank. */
function binomialRanks(n: number, p: number, level: number): readonly [number, number] {
  const key = `${n} ${p} ${level}`
  const known = ranks.get(key)
  if (known !== undefined) return known
  const tail = (1 - level) / 2
  let [below, low, high] = [0, 0, n + 1]
  for (let k = 0; k <= n; k++) {
    // A logarithm, since (1-p)^n of 800 iterations underflows.
    const ways = logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1)
    below += Math.exp(ways + k * Math.log(p) + (n - k) * Math.log(1 - p))
    if (below <= tail) low = k + 1
    if (high > n && below >= 1 - tail) high = k + 1
  }
  ranks.set(key, [low, high])
  return [low, high]
}

/** The largest c with P(W < c) <= tail, for the sum W of the signed ranks of n values; 0 if there is none. */
function signedRankCut(n: number, tail: number): number {
  let ways = [1]
  for (let rank = 1; rank <= n; rank++) {
    const next = Array.from({ length: ways.length + rank }, () => 0)
    ways.forEach((count, sum) => {
      next[sum] = (next[sum] ?? 0) + count
      next[sum + rank] = (next[sum + rank] ?? 0) + count
    })
    ways = next
  }
  let [cut, below] = [0, 0]
  while (below + (ways[cut] ?? 1) / 2 ** n <= tail) below += (ways[cut++] ?? 1) / 2 ** n
  return cut
}

function resamples(values: readonly number[]): number[][] {
  // Seeded by the data, so that the same rounds give the same interval.
  const draw: RandomSource = seededRandom(values.length, values.join(' '))
  return Array.from({ length: RESAMPLES }, () =>
    values.map(() => values[Math.floor(draw.uniform() * values.length)] ?? Number.NaN),
  )
}

const standardError = (values: readonly number[]): number =>
  sampleStandardDeviation([...values]) / Math.sqrt(values.length)

function quantile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(p * (sorted.length + 1)))] ?? Number.NaN
}

const interval = (values: readonly number[], level: number, low: number, high: number): Interval => ({
  estimate: mean([...values]),
  low,
  high,
  level,
  rounds: values.length,
})
