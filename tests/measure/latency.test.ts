import { expect, test } from 'vitest'
import { iterationsFor, percentileInterval, percentileOf } from '../../harness/measure/latency.ts'
import { seededRandom } from '../../harness/rack/seeded-random.ts'

test('percentiles equal those of R quantile(x, p, type = 8)', () => {
  // For 1..10: position (n + 1/3) p + 1/3, so 3.75 at 33 % of 10 is 3.7433.
  const samples = [7, 1, 10, 3, 5, 9, 2, 8, 4, 6]
  expect(percentileOf(samples, 50)).toBeCloseTo(5.5, 12)
  expect(percentileOf(samples, 33)).toBeCloseTo((10 + 1 / 3) * 0.33 + 1 / 3, 12)
  expect(percentileOf(samples, 99)).toBe(10)
})

test('the percentile of a round is median-unbiased', () => {
  const draw = seededRandom(2, 'median unbiased')
  const above = Array.from({ length: 3000 }, () =>
    percentileOf(
      Array.from({ length: 100 }, () => draw.uniform()),
      95,
    ),
  ).filter((value) => value > 0.95).length
  expect(above / 3000).toBeGreaterThan(0.47)
  expect(above / 3000).toBeLessThan(0.53)
})

test('p99 of rounds with fewer than 100 iterations is rejected with advice', () => {
  const round = Array.from({ length: 24 }, (_, i) => 1 + i)
  expect(iterationsFor(99)).toBe(100)
  expect(() => percentileInterval([round, round], 99, 0.95)).toThrow(
    expect.objectContaining({
      code: 'EXPECTATION_INVALID',
      message:
        'p99 latency cannot be estimated from so few iterations: expected at least 100 timed iterations in each round, found 24. Raise the iterations of the transfer, or use a lower percentile.',
    }),
  )
  expect(percentileInterval([round, round], 95, 0.95).estimate).toBeCloseTo(percentileOf(round, 95), 12)
})
