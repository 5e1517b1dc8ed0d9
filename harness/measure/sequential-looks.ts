/**
 * When an expectation may look at the rounds, and how the level holds although it may look more than once.
 * Three looks; each has an equal share of the error (union bound), so that whatever the looks depend on, all their
 * intervals together hold. Why three, and why not alpha spending: docs/statistics.md.
 */
import { ClaimcheckError } from '../core/errors.ts'

/** That the intervals of all looks hold the truth together. */
export const LEVEL = 0.95
/** Of the error of 5 % so much is dealt out; the rest pays for rounds that are alike because they are neighbours in time. */
const ALPHA_SPENT = 0.045
/** Rounds added before the second and the third look. */
const ADDITIONAL_ROUNDS = [2, 5] as const

export interface Looks {
  /** Rounds at the first look. */
  readonly first: number
  /** Rounds at the last; after that an undecided expectation is inconclusive. */
  readonly cap: number
  /** Rounds at each look, ascending. */
  readonly at: readonly number[]
}

/** Throws EXPECTATION_INVALID unless `firstRounds` is a whole number of at least 2: one round has no interval. */
export function looksFor(firstRounds: number): Looks {
  if (!Number.isInteger(firstRounds) || firstRounds < 2) {
    throw new ClaimcheckError('EXPECTATION_INVALID', {
      subject: 'rounds before the first look',
      problem: 'cannot carry an interval',
      expected: 'a whole number of at least 2',
      found: String(firstRounds),
      hint: 'Set CLAIMCHECK_ROUNDS to 2 or more; 3 is the default.',
    })
  }
  const at = [firstRounds, ...ADDITIONAL_ROUNDS.map((more) => firstRounds + more)]
  return { first: firstRounds, cap: Math.max(...at), at }
}

/** The level of the interval at each single look. */
export const levelOf = (looks: Looks): number => 1 - ALPHA_SPENT / looks.at.length

/** How many rounds the next look takes when there are `rounds` already. */
export const nextLook = (looks: Looks, rounds: number): number =>
  looks.at.find((look) => look >= rounds) ?? rounds
