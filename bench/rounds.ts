/**
 * Runs arms in alternating order (A B, B A), so that a passing load on the machine favours none of them, and returns the
 * values of each arm by round.
 */
import { orderOf } from '../harness/measure/interleave.ts'

/** Rejects with the first failure of an arm. */
export async function interleave<Value, Names extends string>(
  rounds: number,
  arms: Readonly<Record<Names, () => Promise<Value>>>,
  say: (line: string) => void,
): Promise<Record<Names, Value[]>> {
  const names = Object.keys(arms) as Names[]
  const measured = {} as Record<Names, Value[]>
  for (const name of names) measured[name] = []
  for (let round = 0; round < rounds; round++) {
    for (const name of orderOf(names, round)) {
      say(`round ${round + 1} of ${rounds}: ${name}`)
      measured[name].push(await arms[name]())
    }
  }
  return measured
}
