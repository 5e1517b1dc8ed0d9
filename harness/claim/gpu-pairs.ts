/**
 * Pairs the GPUs of a node for transfers between them, as in a round-robin tournament: turn 0 pairs each GPU with itself, and
 * over the following turns every two GPUs meet once. The pairs of one turn are disjoint.
 */

export type GpuPair = readonly [from: number, to: number]

/** Of the turns from 1 on; with an odd number of GPUs one of them rests each time. */
export const turnCount = (gpus: number): number => (gpus < 2 ? 0 : gpus - 1 + (gpus % 2))

/** By position among the GPUs. Empty for a turn beyond the last. */
export function pairsOfTurn(gpus: number, turn: number): readonly GpuPair[] {
  if (turn === 0) return Array.from({ length: gpus }, (_, gpu) => [gpu, gpu] as const)
  const seats = turnCount(gpus)
  if (turn > seats) return []
  // The last seat stays; the others move on by one each turn.
  const seat = (place: number): number => (place === seats ? seats : (place + turn) % seats)
  return Array.from(
    { length: (seats + 1) / 2 },
    (_, k) => [seat(k), seat(k === 0 ? seats : seats - k)] as const,
  )
    .filter(([a, b]) => a < gpus && b < gpus)
    .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)
    .sort(([a], [b]) => a - b)
}
