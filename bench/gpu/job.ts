/** What is measured once: a size from GPU to GPU, one way or both ways at once. Contenders take it; they give its seconds. */

export interface Job {
  readonly op: 'WRITE' | 'READ'
  readonly bytes: number
  /** The bytes are cut into this many blocks of one transfer. */
  readonly blocks: number
  /** A second transfer runs the other way at the same time. */
  readonly both: boolean
  /** By CUDA's number on the machine. */
  readonly from: number
  readonly to: number
  readonly iters: number
  readonly warmupIters: number
}

export interface Timing {
  readonly p50Seconds: number
  /** Absent from a contender that tells percentiles only. */
  readonly samples?: readonly number[]
  readonly transport?: string | null
  /** From the process's start until it could transfer. */
  readonly setupSeconds?: number
}

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2
}
