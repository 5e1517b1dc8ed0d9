/** The order of arms over the rounds favours none of them. */
import { expect, test } from 'vitest'
import { orderOf } from '../../harness/measure/interleave.ts'

const orders = (arms: string, rounds: number): string[] =>
  Array.from({ length: rounds }, (_, round) => orderOf(arms.split(''), round).join(''))

test('of two arms it alternates', () => {
  expect(orders('AB', 5)).toEqual(['AB', 'BA', 'AB', 'BA', 'AB'])
})

test('of more, each order is followed by its reverse, and the next begins with the next arm', () => {
  expect(orders('ABC', 7)).toEqual(['ABC', 'CBA', 'BCA', 'ACB', 'CAB', 'BAC', 'ABC'])
})

test.for(['AB', 'ABC', 'ABCD', 'ABCDE'])('%s: every arm is equally often in every position', (arms) => {
  const all = orders(arms, 2 * arms.length)
  for (const arm of arms)
    for (let position = 0; position < arms.length; position++)
      expect(all.filter((order) => order[position] === arm)).toHaveLength(2)
})
