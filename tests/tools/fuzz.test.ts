/** A short part of `npm run fuzz`: no hostile text ends a parser with anything but a ClaimcheckError. */
import { afterAll, expect, test } from 'vitest'
import { fuzz } from '../../tools/fuzz/check.ts'
import { removeWork, TARGETS } from '../../tools/fuzz/targets.ts'

afterAll(removeWork)

test.for(Object.entries(TARGETS))('%s', { timeout: 120_000 }, async ([, target]) => {
  expect(await fuzz(target, { runs: target.shortRuns ?? 100 })).toBeGreaterThan(0)
})

test('a finding is reported with its smallest input', async () => {
  const careless = { seeds: ['{"a":[1]}'], run: (text: string) => void (JSON.parse(text) as unknown) }
  await expect(fuzz(careless, { runs: 1000 })).rejects.toThrow(
    /Property failed after \d+ tests[\s\S]*Counterexample/,
  )
})
