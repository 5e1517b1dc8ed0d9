/** A round: the measurement of every arm of a comparison, once each, by the arm's name. */
import type { ArmRound } from './arm-round.ts'

export interface Round {
  /** Counted from 0. */
  readonly index: number
  readonly arms: Readonly<Record<string, ArmRound>>
}

/** Throws TypeError when the comparison has no arm of that name. */
export function armOf<Kind>(arms: Readonly<Record<string, Kind>>, name: string): Kind {
  const arm = Object.hasOwn(arms, name) ? arms[name] : undefined
  if (arm === undefined) throw new TypeError(`the round has no arm ${name}`)
  return arm
}

/** In the order of their names, which is the same in a run and in its certificate. */
export const armsOf = <Kind>(arms: Readonly<Record<string, Kind>>): readonly Kind[] =>
  Object.entries(arms)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([, arm]) => arm)

/** The fewest rounds of a comparison: one in each direction, and as many as an interval needs. */
const LEAST_ROUNDS = 2

/**
 * Whether no further round is needed: no figure of a comparison is judged once the transport of an arm is not proven. Corrupt bytes
 * do not end a comparison, because its figures are still judged.
 */
export const isOver = (rounds: readonly Round[]): boolean =>
  rounds.length >= LEAST_ROUNDS &&
  rounds.some(({ arms }) => Object.values(arms).some(({ transport }) => transport.faults.length > 0))
