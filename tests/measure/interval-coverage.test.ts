/** Every interval has its stated coverage under every kind of noise, within the error of the simulation. */
import { expect, test } from 'vitest'
import { LEVEL } from '../../harness/measure/sequential-looks.ts'
import { NOISE_NAMES } from '../../tools/coverage/noise.ts'
import { ESTIMANDS } from '../../tools/coverage/estimands.ts'
import { simulate, type Tally } from '../../tools/coverage/simulate.ts'

const overRounds = ESTIMANDS.filter(({ name }) => /ratio|figure/.test(name))
const overIterations = ESTIMANDS.filter((estimand) => !overRounds.includes(estimand))

/** Three standard errors above the error rate that the level allows. */
const allowed = (runs: number): number => 1 - LEVEL + 3 * Math.sqrt((LEVEL * (1 - LEVEL)) / runs)
const beyond = (tallies: readonly Tally[]): string[] =>
  tallies
    .filter(({ misses, runs }) => misses / runs > allowed(runs))
    .map(({ estimand, method, misses, runs }) => `${estimand}, ${method}: ${misses} of ${runs}`)

test.for(NOISE_NAMES)('no interval over rounds misses more often than stated under %s noise', (noise) => {
  expect(beyond(simulate(overRounds, noise, { runs: 3000, seed: 21, own: true }))).toEqual([])
})

test.for(NOISE_NAMES)('no interval over iterations misses more often than stated under %s noise', (noise) => {
  expect(beyond(simulate(overIterations, noise, { runs: 200, seed: 21, own: true }))).toEqual([])
})

test('the simulation finds intervals that miss too often', () => {
  const found = beyond(simulate(overRounds, 'skewed', { runs: 200, seed: 21 }))
  expect(found.map((line) => line.replace(/:.*/, ''))).toEqual(
    expect.arrayContaining(['ratio of two arms, percentile bootstrap', 'figure of one arm, t']),
  )
})

test('under the assumed normal noise an interval misses about as often as its level allows, so none is too wide', () => {
  const [ratio] = simulate(overRounds.slice(0, 1), 'normal', { runs: 3000, seed: 22, own: true })
  expect(ratio?.estimand).toBe('ratio of two arms')
  expect((ratio?.misses ?? 0) / 3000).toBeGreaterThan(0.01)
})
