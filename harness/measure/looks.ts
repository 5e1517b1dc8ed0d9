/**
 * How the level holds although an expectation may look more than once.
 * The error of 5 % is dealt out over all looks that could happen (union bound): 3 % to the first, the rest in equal
 * parts to those after it. Whatever the looks depend on, all their intervals together hold with 95 %.
 */

export const LEVEL = 0.95
const FIRST_SHARE = 0.6

export interface Looks {
  /** Rounds at the first look. */
  readonly first: number
  /** Rounds at the last; after that an undecided expectation is inconclusive. */
  readonly cap: number
}

/** Extra rounds allowed: enough that a wobbly round can be outvoted, few enough that a run ends. */
export const looksFor = (firstRounds: number): Looks => ({ first: firstRounds, cap: firstRounds + 5 })

/** The level of the interval at the look after `rounds` rounds. */
export function levelAt(looks: Looks, rounds: number): number {
  const error = 1 - LEVEL
  const later = looks.cap - looks.first
  if (rounds <= looks.first) return 1 - error * (later === 0 ? 1 : FIRST_SHARE)
  return 1 - (error * (1 - FIRST_SHARE)) / later
}
