/**
 * Every fault of the catalogue is caught by exactly the tests that its declaration lists: in the model runtime, measured
 * by the tool that writes docs/faults.md, and with real processes, run by Vitest.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { loadFaultCatalogue, type Catch } from '../../harness/rack/fault-catalogue.ts'
import type { FaultOutcome } from '../../tools/faults/measure.ts'
import { rackFile } from '../support/rack-file.ts'
import { PROJECT, runSuite, verdictsOf } from '../support/run-suite.ts'
import { retryWhenNoisy } from '../support/retry-when-noisy.ts'

const FOLDER = join(PROJECT, 'fixtures/faults')
const declared = loadFaultCatalogue()
const SEEDS = 3
const formatCatch = ({ test: name, verdict, code }: Catch): string => `${name}: ${verdict} ${code}`

describe('In the model runtime', async () => {
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
})

/** Faults whose verdict does not depend on the load of this machine, and that faults.test.ts does not run. */
const STABLE = new Set([
  'device-missing',
  'device-unopenable',
  'nics-published-swapped',
  'rdma-flag-wrong',
  'gpu-missing',
  'gpu-extra',
  'fewer-rails',
  'link-cut',
  'log-double',
  'result-duplicate',
  'log-missing',
  'log-cut',
  'nic-on-wrong-numa-node',
  'slow-start',
  'throttle',
])

describe('With real processes', () => {
  const processes = declared.filter(({ name, runtimes }) => STABLE.has(name) && runtimes.includes('process'))

  test('at least twelve are run', () => {
    expect(processes.length).toBeGreaterThanOrEqual(12)
  })

  test.for(processes)('$name', retryWhenNoisy(1), async ({ name, caught, names }) => {
    const run = await runSuite('suites/numa', {
      CLAIMCHECK_ROUNDS: '2',
      CLAIMCHECK_RACK: rackFile({ edit: (text) => text + faultsIn(name) }),
    })
    const verdicts = Object.entries(verdictsOf(run.report))
    const holds = ({ test: title, verdict, code }: Catch): boolean =>
      verdicts.some(
        ([key, said]) => key.endsWith(` > ${title}`) && said.split(' ')[0] === verdict && said.includes(code),
      )
    // Some tests are skipped with real processes.
    const measured = caught.filter(({ test: title }) =>
      verdicts.some(([key, said]) => key.endsWith(` > ${title}`) && said !== 'skipped'),
    )
    expect(measured.length, run.output).toBeGreaterThan(0)
    expect(
      measured.filter((one) => !holds(one)),
      run.output,
    ).toEqual([])
    expect(run.exitCode).toBe(1)
    for (const device of names) expect(run.junit).toContain(device)
  })
})

/** The `faults:` lines of the declaration as they are written, as a user would copy them into a rack file. */
function faultsIn(name: string): string {
  const text = readFileSync(join(FOLDER, `${name}.yaml`), 'utf8')
  return /^faults:\n(?: {2}- .*\n)+/m.exec(text)?.[0] ?? ''
}
