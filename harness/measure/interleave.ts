/** Alternates the order of the arms and the direction of transfers from round to round. */

/** A B, then B A, so that drift over time favours neither arm. */
export function orderOf<Arm>(arms: readonly Arm[], round: number): readonly Arm[] {
  return round % 2 === 0 ? arms : arms.toReversed()
}

export interface Direction {
  readonly initiator: string
  readonly target: string
}

/** All arms of a round use the same direction; the next round reverses it, so that each node sends and receives. */
export function directionOf({ initiator, target }: Direction, round: number): Direction {
  return round % 2 === 0 ? { initiator, target } : { initiator: target, target: initiator }
}
