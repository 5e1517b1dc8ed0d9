/**
 * Detects outlying rounds from one figure per round. They are only reported: every round stays in every figure.
 */
import { mean, median, sampleStandardDeviation } from 'simple-statistics'
import { ROUND_NOISE } from './interval.ts'
import { tQuantile } from './student-t.ts'

/** The significance level: how often rounds without outliers are reported to have one. */
const SIGNIFICANCE = 0.01

/** The indices of positive figures that are outliers and differ from the median by more than `ROUND_NOISE`. */
export function outlyingRounds(figures: readonly number[]): readonly number[] {
  const logs = figures.map(Math.log)
  const typical = median(logs)
  return outliersOf(logs).filter((index) => distance(logs, index, typical) > ROUND_NOISE)
}

/**
 * Generalised extreme studentised deviate test (Rosner 1983), for up to a third of the values less one, at least one. Fewer
 * than three values have no outlier. Returns indices in ascending order.
 */
export function outliersOf(values: readonly number[], significance = SIGNIFICANCE): readonly number[] {
  const most = Math.max(1, Math.floor((values.length - 1) / 3))
  const candidates: number[] = []
  let outliers = 0
  for (let i = 0; i < most && values.length - i >= 3; i++) {
    const rest = [...values.keys()].filter((index) => !candidates.includes(index))
    const kept = rest.map((index) => values[index] ?? Number.NaN)
    const [centre, scatter] = [mean(kept), sampleStandardDeviation(kept)]
    const [worst] = rest.toSorted((a, b) => distance(values, b, centre) - distance(values, a, centre))
    if (worst === undefined || scatter === 0) break
    candidates.push(worst)
    if (distance(values, worst, centre) / scatter > criticalDeviate(kept.length, significance))
      outliers = candidates.length
  }
  return candidates.slice(0, outliers).toSorted((a, b) => a - b)
}

/** The critical value of the test for `n` values, in standard deviations from their mean. */
export function criticalDeviate(n: number, significance: number): number {
  const t = tQuantile(1 - significance / (2 * n), n - 2)
  return ((n - 1) / Math.sqrt(n)) * Math.sqrt((t * t) / (n - 2 + t * t))
}

const distance = (values: readonly number[], index: number, centre: number): number =>
  Math.abs((values[index] ?? Number.NaN) - centre)
