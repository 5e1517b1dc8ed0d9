import { expect, test } from 'vitest'
import { meanInterval, ratioInterval } from '../../harness/measure/interval.ts'

test('the interval of a mean is the published one', () => {
  // NIST/SEMATECH e-Handbook 1.3.5.2, ZARR13.DAT: n 195, mean 9.261460, sd 0.022789, 95 % limits 9.258242 and 9.264679.
  const [mean, sd, n] = [9.26146, 0.022789, 195]
  // Two values a distance apart, and the mean itself, have the mean and the standard deviation of the data set.
  const reach = sd * Math.sqrt((n - 1) / 2)
  const interval = meanInterval(
    [mean - reach, mean + reach, ...Array.from({ length: n - 2 }, () => mean)],
    0.95,
  )
  expect(interval.low).toBeCloseTo(9.258242, 5)
  expect(interval.high).toBeCloseTo(9.264679, 5)
})

test("the seed's three runs give 1.42x with a narrow interval", () => {
  const interval = ratioInterval(
    [
      [39.07, 27.54],
      [39.07, 27.54],
      [39.05, 27.54],
    ],
    0.95,
  )
  expect(interval.estimate).toBeCloseTo(1.4184, 3)
  expect(interval.high - interval.low).toBeLessThan(0.003)
})

test('swapping the arms inverts ratio and bounds', () => {
  const pairs: [number, number][] = [
    [3, 2],
    [3.1, 2.2],
    [2.9, 1.9],
  ]
  const there = ratioInterval(pairs, 0.95)
  const back = ratioInterval(
    pairs.map(([a, b]) => [b, a]),
    0.95,
  )
  expect(back.low).toBeCloseTo(1 / there.high, 12)
  expect(back.high).toBeCloseTo(1 / there.low, 12)
})

test('one round makes no interval', () => {
  expect(() => meanInterval([1], 0.95)).toThrow(expect.objectContaining({ code: 'EXPECTATION_INVALID' }))
  expect(() => meanInterval([1, Number.NaN], 0.95)).toThrow(
    expect.objectContaining({ code: 'EXPECTATION_INVALID' }),
  )
})
