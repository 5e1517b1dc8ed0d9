import { expect, test } from 'vitest'
import { LEVEL, levelOf, looksFor, nextLook } from '../../harness/measure/sequential-looks.ts'

test('with three rounds before the first look, the looks are at 3, 5 and 8 rounds', () => {
  expect(looksFor(3)).toEqual({ first: 3, cap: 8, at: [3, 5, 8] })
})

test('the sum of the errors of all looks is within the stated level', () => {
  const looks = looksFor(3)
  expect(looks.at.length * (1 - levelOf(looks))).toBeLessThanOrEqual(1 - LEVEL)
})

test('rounds that another expectation has measured are used: the next look is at or after them', () => {
  const looks = looksFor(3)
  expect([0, 3, 4, 5, 6, 8, 9].map((rounds) => nextLook(looks, rounds))).toEqual([3, 3, 5, 5, 8, 8, 9])
})

test.for([0, 1, 1.5, -3, Number.NaN])('%s rounds before the first look are rejected', (rounds) => {
  expect(() => looksFor(rounds)).toThrow(
    expect.objectContaining({
      code: 'EXPECTATION_INVALID',
      message: `rounds before the first look are too few for a confidence interval: expected a whole number of at least 2, found ${rounds}. Set CLAIMCHECK_ROUNDS to 2 or more; 3 is the default.`,
    }),
  )
})
