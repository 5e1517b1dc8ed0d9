/** Faults of the catalogue, with real processes, are caught by the tests that their declarations list. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadFaultCatalogue, type Catch } from '../../harness/rack/fault-catalogue.ts'
import { rackFile } from '../support/rack-file.ts'
import { retryWhenNoisy } from '../support/retry-when-noisy.ts'
import { PROJECT, runSuite, verdictsOf } from '../support/run-suite.ts'

const FOLDER = join(PROJECT, 'fixtures/faults')

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

const processes = loadFaultCatalogue().filter(
  ({ name, runtimes }) => STABLE.has(name) && runtimes.includes('process'),
)

test('at least twelve are run', () => {
  expect(processes.length).toBeGreaterThanOrEqual(12)
})

test.for(processes)('$name', retryWhenNoisy(1), async ({ name, caught, names }) => {
  const variables = {
    CLAIMCHECK_ROUNDS: '2',
    CLAIMCHECK_RACK: rackFile({ edit: (text) => text + faultsIn(name) }),
  }
  const run = await runSuite('suites/numa', variables, {}, ['-t', anyOf(caught)])
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

/** The `faults:` lines of the declaration as they are written, as a user would copy them into a rack file. */
function faultsIn(name: string): string {
  const text = readFileSync(join(FOLDER, `${name}.yaml`), 'utf8')
  return /^faults:\n(?: {2}- .*\n)+/m.exec(text)?.[0] ?? ''
}

/** A pattern for `-t` that selects the tests of these titles. */
const anyOf = (catches: readonly Catch[]): string =>
  catches.map(({ test: title }) => `${title.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)}$`).join('|')
