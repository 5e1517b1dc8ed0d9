/**
 * Marks rounds that lie apart from the others. Takes one figure a round; gives the places of the outlying ones.
 * It only marks: every round stays in every figure, and a report says which lay apart.
 */
import { mean, median, sampleStandardDeviation } from 'simple-statistics'
import { ROUND_NOISE } from './interval.ts'
import { tQuantile } from './student-t.ts'

/** How often sound rounds are marked by chance. */
const FALSE_MARKS = 0.01

/** The places of rounds whose figure, above 0, is an outlier and off the median by more than sound rounds scatter. */
export function outlyingRounds(figures: readonly number[]): readonly number[] {
  const logs = figures.map(Math.log)
  const typical = median(logs)
  return outliersOf(logs).filter((index) => distance(logs, index, typical) > ROUND_NOISE)
}

/**
 * Generalised extreme studentised deviate test (Rosner 1983), for up to a third of the values less one, at least one.
 * Fewer than three values have no outlier. Gives indices in ascending order.
 */
export function outliersOf(values: readonly number[], falseMarks = FALSE_MARKS): readonly number[] {
  const most = Math.max(1, Math.floor((values.length - 1) / 3))
  const suspects: number[] = []
  let outliers = 0
  for (let i = 0; i < most && values.length - i >= 3; i++) {
    const rest = [...values.keys()].filter((index) => !suspects.includes(index))
    const kept = rest.map((index) => values[index] ?? Number.NaN)
    const [centre, scatter] = [mean(kept), sampleStandardDeviation(kept)]
    const [worst] = rest.toSorted((a, b) => distance(values, b, centre) - distance(values, a, centre))
    if (worst === undefined || scatter === 0) break
    suspects.push(worst)
    if (distance(values, worst, centre) / scatter > criticalDeviate(kept.length, falseMarks))
      outliers = suspects.length
  }
  return suspects.slice(0, outliers).toSorted((a, b) => a - b)
}

/** How many standard deviations the farthest of `n` normal values lies from their mean with probability `falseMarks`. */
export function criticalDeviate(n: number, falseMarks: number): number {
  const t = tQuantile(1 - falseMarks / (2 * n), n - 2)
  return ((n - 1) / Math.sqrt(n)) * Math.sqrt((t * t) / (n - 2 + t * t))
}

const distance = (values: readonly number[], index: number, centre: number): number =>
  Math.abs((values[index] ?? Number.NaN) - centre)
