import { expect, test } from 'vitest'
import { fraction } from '../../harness/core/units.ts'
import {
  absoluteInterval,
  floorOf,
  meanInterval,
  medianInterval,
  ratioInterval,
  ROUND_NOISE,
} from '../../harness/measure/interval.ts'
import { seededRandom } from '../../harness/rack/seeded-random.ts'

const NO_FLOOR = fraction(0)

test('the interval of a mean equals the published one', () => {
  // NIST/SEMATECH e-Handbook 1.3.5.2, ZARR13.DAT: n 195, mean 9.261460, sd 0.022789, 95 % limits 9.258242 and 9.264679.
  const [mean, sd, n] = [9.26146, 0.022789, 195]
  // Two values at equal distance from the mean, and the mean itself, reproduce the data set's mean and standard deviation.
  const reach = sd * Math.sqrt((n - 1) / 2)
  const interval = meanInterval(
    [mean - reach, mean + reach, ...Array.from({ length: n - 2 }, () => mean)],
    0.95,
  )
  expect(interval.low).toBeCloseTo(9.258242, 5)
  expect(interval.high).toBeCloseTo(9.264679, 5)
})

const seedRuns = [
  [39.07, 27.54],
  [39.07, 27.54],
  [39.05, 27.54],
] as const

test('the first three recorded runs have a ratio of 1.42x, and scatter less than the floor assumes', () => {
  const plain = ratioInterval(seedRuns, 0.95, NO_FLOOR)
  expect(plain.estimate).toBeCloseTo(1.4184, 3)
  expect(plain.high - plain.low).toBeLessThan(0.003)
  const { estimate, low, high } = ratioInterval(seedRuns, 0.95)
  expect(high / estimate).toBeCloseTo(Math.exp(floorOf(3, 0.95, ROUND_NOISE)), 12)
  expect(estimate / low).toBeCloseTo(high / estimate, 12)
})

test('the floor at 95 % is 1.25 * 1.96 * noise / sqrt(rounds)', () => {
  expect(floorOf(4, 0.95, fraction(0.01))).toBeCloseTo((1.25 * 1.959964 * 0.01) / 2, 7)
})

test('the floor does not change the interval of rounds that scatter more', () => {
  const values = [35, 39, 43]
  expect(absoluteInterval(values, 0.95)).toEqual(meanInterval(values, 0.95))
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

test('one outlying round hardly moves the interval of a median', () => {
  const calm = medianInterval([1.04, 1.05, 1.06, 1.05, 1.06], 0.985)
  const disturbed = medianInterval([1.04, 1.05, 3, 1.05, 1.06], 0.985)
  expect(disturbed.estimate).toBeCloseTo(calm.estimate, 2)
  expect(disturbed.high).toBeLessThan(1.5)
  expect(
    ratioInterval(
      [1.04, 1.05, 3, 1.05, 1.06].map((tail) => [tail, 1]),
      0.985,
    ).high,
  ).toBeGreaterThan(1.5)
})

test.for([2, 3, 4, 5, 8, 12, 25])(
  'the interval of the median of %i normal values has its stated coverage',
  (n) => {
    for (const level of [0.8, 0.95, 0.985]) {
      const draw = seededRandom(3, `median ${n} ${level}`)
      const runs = 4000
      let missed = 0
      for (let run = 0; run < runs; run++) {
        const values = Array.from({ length: n }, () => Math.exp(draw.normal()))
        const { low, high } = medianInterval(values, level, NO_FLOOR)
        if (low > 1 || high < 1) missed++
      }
      expect(missed / runs).toBeLessThan(1 - level + 3 * Math.sqrt((level * (1 - level)) / runs))
      expect(missed / runs).toBeGreaterThan((1 - level) / 3)
    }
  },
)

test('one round has no interval', () => {
  expect(() => meanInterval([1], 0.95)).toThrow(expect.objectContaining({ code: 'EXPECTATION_INVALID' }))
  expect(() => medianInterval([1], 0.95)).toThrow(expect.objectContaining({ code: 'EXPECTATION_INVALID' }))
  expect(() => meanInterval([1, Number.NaN], 0.95)).toThrow(
    expect.objectContaining({ code: 'EXPECTATION_INVALID' }),
  )
})
