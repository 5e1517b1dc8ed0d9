import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { bytes, fraction, seconds } from '../../harness/core/units.ts'
import { ratioInterval } from '../../harness/measure/interval.ts'
import { planRounds, powerAt, type PlanRequest } from '../../harness/measure/plan-rounds.ts'
import { seededRandom } from '../../harness/rack/seeded-random.ts'
import { loadSku } from '../../harness/sku/sku.ts'

const { reference } = loadSku(fileURLToPath(new URL('../../fixtures/skus/h100x8.yaml', import.meta.url)))
const size = bytes(2 ** 30)
const arms = [reference.aligned, reference.unaligned].flatMap((arm) =>
  arm === undefined ? [] : { size, bandwidth: arm.bandwidth.value },
)
const request: PlanRequest = {
  arms,
  firstRounds: 3,
  iters: 100,
  warmupIters: 20,
  overhead: seconds(20),
}

test('the power of the t test equals the published one', () => {
  // R, help(power.t.test): n 20 a group, delta 1, sd 1, two samples at 5 %: power 0.8689528. One sample of 39 has the same
  // 38 degrees of freedom; its shift is the same where 39 d^2 = 20 / 2.
  expect(powerAt(39, 0.95, Math.sqrt(10 / 39), 1, 0)).toBeCloseTo(0.8689528, 5)
})

test.for([
  { noise: 0.002, power: 0.9 },
  { noise: 0.01, power: 0.8 },
  { noise: 0.01, power: 0.9 },
  { noise: 0.04, power: 0.9 },
])(
  'a ratio at the planned distance is decided with the planned power: noise $noise, power $power',
  ({ noise, power }) => {
    for (const { rounds, level, detectableRatio } of planRounds({
      ...request,
      noise: fraction(noise),
      power,
    })) {
      const draw = seededRandom(17, `plan ${noise} ${power} ${rounds}`)
      const runs = 3000
      let decided = 0
      for (let run = 0; run < runs; run++) {
        const pairs = Array.from(
          { length: rounds },
          () => [detectableRatio * Math.exp(noise * draw.normal()), Math.exp(noise * draw.normal())] as const,
        )
        if (ratioInterval(pairs, level).low > 1) decided++
      }
      expect(Math.abs(decided / runs - power)).toBeLessThan(4 * Math.sqrt((power * (1 - power)) / runs))
    }
  },
)

test('more rounds detect smaller differences and take longer', () => {
  const looks = planRounds(request)
  expect(looks.map(({ rounds }) => rounds)).toEqual([3, 5, 8])
  expect(looks.map(({ detectableRatio }) => detectableRatio)).toEqual(
    looks.map(({ detectableRatio }) => detectableRatio).toSorted((a, b) => b - a),
  )
  // A round transfers 121 GiB at 39.07 GB/s and again at 27.54 GB/s, and sets up two arms.
  const round = 121 * 2 ** 30 * (1 / 39.07e9 + 1 / 27.54e9) + 2 * 20
  expect(looks[0]?.duration).toBeCloseTo(3 * round, 6)
})

test.for([
  { power: 0.3, noise: 0.01 },
  { power: 1, noise: 0.01 },
  { power: 0.9, noise: 0 },
])('power $power with noise $noise is refused', ({ power, noise }) => {
  expect(() => planRounds({ ...request, power, noise: fraction(noise) })).toThrow(
    expect.objectContaining({ code: 'EXPECTATION_INVALID' }),
  )
})
