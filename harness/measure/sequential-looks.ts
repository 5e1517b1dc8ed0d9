/**
 * The plan of group-sequential looks: after how many rounds each look takes place, and at which confidence level.
 * `expect/sequential-decision.ts` carries the plan out. Alpha is divided equally over three looks (Bonferroni), so that all
 * intervals hold together however the looks depend on each other; docs/statistics.md compares this with alpha spending.
 */
import { ClaimcheckError } from '../core/errors.ts'

/** The confidence level of all looks together. */
export const LEVEL = 0.95
/** Alpha spent across all looks; 0.005 of 0.05 is reserved for autocorrelation between adjacent rounds. */
const ALPHA_SPENT = 0.045
/** Rounds added before the second and the third look. */
const ADDITIONAL_ROUNDS = [2, 5] as const

export interface Looks {
  /** Rounds at the first look. */
  readonly first: number
  /** Rounds at the last look; an expectation still undecided then is inconclusive. */
  readonly cap: number
  /** Rounds at each look, ascending. */
  readonly at: readonly number[]
}

/** Throws EXPECTATION_INVALID unless `firstRounds` is a whole number of at least 2: one round has no confidence interval. */
export function looksFor(firstRounds: number): Looks {
  if (!Number.isInteger(firstRounds) || firstRounds < 2) {
    throw new ClaimcheckError('EXPECTATION_INVALID', {
      subject: 'rounds before the first look',
      problem: 'are too few for a confidence interval',
      expected: 'a whole number of at least 2',
      found: String(firstRounds),
      hint: 'Set CLAIMCHECK_ROUNDS to 2 or more; 3 is the default.',
    })
  }
  const at = [firstRounds, ...ADDITIONAL_ROUNDS.map((more) => firstRounds + more)]
  return { first: firstRounds, cap: Math.max(...at), at }
}

/** The confidence level of the interval at each look. */
export const levelOf = (looks: Looks): number => 1 - ALPHA_SPENT / looks.at.length

/** The number of rounds at the next look when there are `rounds` already. */
export const nextLook = (looks: Looks, rounds: number): number =>
  looks.at.find((look) => look >= rounds) ?? rounds
