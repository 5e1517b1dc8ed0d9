import { expect, test } from 'vitest'
import { driftInterval, driftOf } from '../../harness/measure/drift.ts'

test('a slow start and a slow end are drift, a constant rate is not', () => {
  const flat = Array.from({ length: 30 }, () => 2)
  expect(driftOf(flat)).toBe(1)
  expect(driftOf([4, ...flat.slice(1)])).toBeCloseTo(20 / 22, 12)
  expect(driftOf(flat.map((time, i) => (i >= 20 ? time * 1.1 : time)))).toBeCloseTo(1.1, 12)
})

test('an error shared by a whole round cancels out', () => {
  const round = [1, 1, 1, 1.1, 1.1, 1.1]
  const { estimate, low, high } = driftInterval(
    [1, 1.3, 0.8].map((shared) => round.map((time) => shared * time)),
    0.95,
  )
  expect(estimate).toBeCloseTo(1.1, 12)
  expect(high - low).toBeLessThan(1e-9)
})

test('a round of one iteration has no drift', () => {
  expect(() => driftOf([1])).toThrow(expect.objectContaining({ code: 'EXPECTATION_INVALID' }))
})
