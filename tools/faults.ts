/**
 * `npm run faults`: runs every declared fault through the suites in the model runtime and writes docs/faults.md, which is
 * never written by hand. `--seeds N` takes seeds 1 to N; `--json` prints every seed's red tests instead and writes nothing.
 */
import { globSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { loadFaultCatalogue } from '../harness/rack/fault-catalogue.ts'
import { loadRack } from '../harness/rack/rack.ts'
import { measureFault, type FaultOutcome } from './faults/measure.ts'
import { faultsPage } from './faults/page.ts'
import { loadSuites } from '../harness/simulate/load-suites.ts'

const PROJECT = join(import.meta.dirname, '..')
const RACK = 'fixtures/racks/h100-2node.yaml'
const ROUNDS = 3
const LEAST_SEEDS = 1

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '50' },
    json: { type: 'boolean', default: false },
    /** Where the declarations lie. */
    catalogue: { type: 'string', default: join(PROJECT, 'fixtures/faults') },
  },
})
const count = Number(values.seeds)
if (!Number.isInteger(count) || count < LEAST_SEEDS) {
  process.stderr.write(
    `faults: --seeds expects a whole number from ${LEAST_SEEDS}, found "${values.seeds}"\n`,
  )
  process.exit(2)
}
const paths = globSync('suites/numa/*.test.ts', { cwd: PROJECT }).sort()
const measurement = {
  suites: await loadSuites(paths.map((path) => join(PROJECT, path))),
  rack: loadRack(join(PROJECT, RACK)),
  rounds: ROUNDS,
  seeds: Array.from({ length: count }, (_, i) => i + 1),
}
const faults = loadFaultCatalogue(values.catalogue)
const healthy = await measureFault(measurement, { name: 'none', faults: [] })
const outcomes: FaultOutcome[] = []
for (const fault of faults) {
  outcomes.push(await measureFault(measurement, fault))
  if (!values.json) process.stderr.write(`${fault.name}\n`)
}
if (values.json) process.stdout.write(`${JSON.stringify({ healthy, outcomes })}\n`)
else
  writeFileSync(
    join(PROJECT, 'docs/faults.md'),
    faultsPage({ catalogue: faults, outcomes, healthy, rack: RACK, rounds: ROUNDS }),
  )
