/**
 * Every fault of the catalogue is caught by exactly the tests that its declaration lists, measured in the model runtime by the
 * tool that writes docs/faults.md.
 */
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { loadFaultCatalogue, type Catch } from '../../harness/rack/fault-catalogue.ts'
import type { FaultOutcome } from '../../tools/faults/measure.ts'
import { PROJECT } from '../support/run-suite.ts'

const declared = loadFaultCatalogue()
const SEEDS = 3
const formatCatch = ({ test: name, verdict, code }: Catch): string => `${name}: ${verdict} ${code}`

const run = await execa('node_modules/.bin/node', ['tools/faults.ts', '--json', '--seeds', `${SEEDS}`], {
  cwd: PROJECT,
  timeout: 300_000,
})
const { healthy, outcomes } = JSON.parse(run.stdout) as { healthy: FaultOutcome; outcomes: FaultOutcome[] }

test('a rack without faults is accepted', () => {
  expect(healthy.seeds.map(({ seed, red }) => ({ seed, red }))).toEqual(
    Array.from({ length: SEEDS }, (_, i) => ({ seed: i + 1, red: [] })),
  )
})

test.for(declared)('$name', ({ name, caught, sometimes, names }) => {
  const seeds = outcomes.find((outcome) => outcome.name === name)?.seeds ?? []
  expect(seeds).toHaveLength(SEEDS)
  for (const { seed, red, text } of seeds) {
    const sometimesCaught = new Set(sometimes.map(formatCatch))
    const found = red.map((one) => formatCatch(one as Catch))
    const alwaysCaught = new Set(caught.map(formatCatch))
    expect(
      found.filter((one) => !sometimesCaught.has(one) || alwaysCaught.has(one)).toSorted(),
      `seed ${seed}`,
    ).toEqual([...alwaysCaught].toSorted())
    const unnamed = red.length === 0 ? [] : names.filter((device) => !text.includes(device))
    expect(unnamed, `seed ${seed}: ${text}`).toEqual([])
  }
})
