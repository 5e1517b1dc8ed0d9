/**
 * The figures of a benchmark: their median, their spread, and whether they meet a goal. A figure is a duration or the
 * ratio of two programs that ran side by side. A goal that is not met does not fail the run.
 */

export interface Goal {
  readonly limit: number
  readonly side: 'at least' | 'at most'
}

export interface Figure {
  readonly name: string
  readonly unit: 'x' | 's'
  /** One value per round. */
  readonly values: readonly number[]
  /** Absent for a figure that only explains another one. */
  readonly goal?: Goal
}

export interface Measurement {
  readonly figures: readonly Figure[]
  /** All samples by arm, in seconds unless the name has another unit. */
  readonly samples: Readonly<Record<string, readonly unknown[]>>
}

/** A row of the benchmark, selected with `npm run bench -- --only NAME`. It measures one figure or several. */
export interface Row {
  readonly name: string
  readonly about: string
  measure(context: Context): Promise<Measurement>
}

export interface Context {
  readonly rounds: number
  readonly cacheDir: string
  readonly say: (line: string) => void
}

export interface Summary {
  readonly median: number
  readonly min: number
  readonly max: number
}

export const atLeast = (limit: number): Goal => ({ limit, side: 'at least' })
export const atMost = (limit: number): Goal => ({ limit, side: 'at most' })

/** Throws RangeError when there are no values. */
export function summaryOf(values: readonly number[]): Summary {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  const [low, high] = [sorted[Math.floor(middle)], sorted[Math.ceil(middle)]]
  const [min, max] = [sorted[0], sorted.at(-1)]
  if (low === undefined || high === undefined || min === undefined || max === undefined)
    throw new RangeError('a figure needs at least one value')
  return { median: (low + high) / 2, min, max }
}

/** The median decides. */
export function isMet({ values }: Figure, { limit, side }: Goal): boolean {
  const { median } = summaryOf(values)
  return side === 'at least' ? median >= limit : median <= limit
}

/** Element by element; both from the same rounds. */
export function ratios(numerators: readonly number[], denominators: readonly number[]): number[] {
  return numerators.map((numerator, round) => numerator / (denominators[round] ?? Number.NaN))
}
