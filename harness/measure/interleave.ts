/** What alternates from round to round: which arm comes first, and which node sends. */

/** A B, then B A, so that a drift over time favours neither. */
export function orderOf<Arm>(arms: readonly Arm[], round: number): readonly Arm[] {
  return round % 2 === 0 ? arms : arms.toReversed()
}

export interface Direction {
  readonly initiator: string
  readonly target: string
}

/** Both arms of a round go the same way; the next round goes the other way, so that each node sends and receives. */
export function directionOf({ initiator, target }: Direction, round: number): Direction {
  return round % 2 === 0 ? { initiator, target } : { initiator: target, target: initiator }
}
