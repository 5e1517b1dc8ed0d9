/** The order of arms in a round: A B, then B A, so that a drift over time favours neither. */
export function orderOf<Arm>(arms: readonly Arm[], round: number): readonly Arm[] {
  return round % 2 === 0 ? arms : arms.toReversed()
}
