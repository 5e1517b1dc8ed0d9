/** Acceptances of one truth by verdict. */
export interface Tally {
  readonly truth: string
  readonly passed: number
  readonly failed: number
  readonly inconclusive: number
  readonly rounds: number
  /** By test: how often it did not pass. */
  readonly caughtBy: Readonly<Record<string, number>>
}
