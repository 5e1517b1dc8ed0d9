/** Alternates the order of the arms and the direction of transfers from round to round. */

/**
 * Counterbalanced, so that drift over time favours no arm. Of two arms: A B, then B A. Of more arms each order is followed by its
 * reverse, and the next order begins with the next arm: A B C, C B A, B C A, A C B. After twice as many rounds as there are arms,
 * every arm was twice in every position.
 */
export function orderOf<Arm>(arms: readonly Arm[], round: number): readonly Arm[] {
  const first = arms.length > 2 ? Math.floor(round / 2) % arms.length : 0
  const order = [...arms.slice(first), ...arms.slice(0, first)]
  return round % 2 === 0 ? order : order.toReversed()
}

export interface Direction {
  readonly initiator: string
  readonly target: string
}

/** All arms of a round use the same direction; the next round reverses it, so that each node sends and receives. */
export function directionOf({ initiator, target }: Direction, round: number): Direction {
  return round % 2 === 0 ? { initiator, target } : { initiator: target, target: initiator }
}
