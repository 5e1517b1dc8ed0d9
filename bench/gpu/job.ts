/** A job is one transfer from GPU to GPU, in one direction or both at once, which every contender runs and times. */

export interface Job {
  readonly op: 'WRITE' | 'READ'
  readonly bytes: number
  /** The bytes are split into this many blocks of one transfer. */
  readonly blocks: number
  /** A second transfer runs in the other direction at the same time. */
  readonly both: boolean
  /** The GPU's CUDA device number on the machine. */
  readonly from: number
  readonly to: number
  readonly iters: number
  readonly warmupIters: number
}

export interface Timing {
  readonly p50Seconds: number
  /** Absent for a contender that reports only percentiles. */
  readonly samples?: readonly number[]
  readonly transport?: string | null
  /** From the start of the process until it could transfer. */
  readonly setupSeconds?: number
}

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2
}
