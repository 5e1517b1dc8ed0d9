/** A program that simulates one acceptance of a rack file, by `suites/numa` or the suites named after it, and prints the verdict of each test as JSON. */
import { globSync } from 'node:fs'
import { resolve } from 'node:path'
import { loadRack } from '../../harness/rack/rack.ts'
import { simulateAcceptance } from '../../harness/simulate/simulate-acceptance.ts'
import { loadSuites } from '../../harness/simulate/load-suites.ts'

const project = resolve(import.meta.dirname, '../..')
const [path = '', ...named] = process.argv.slice(2)
const files = named.length > 0 ? named : globSync('suites/numa/*.test.ts', { cwd: project }).sort()
const rack = loadRack(path)
const suites = await loadSuites(
  files.map((file) => resolve(project, file)),
  rack.sku,
)
const { tests, verdict } = await simulateAcceptance(suites, rack, 3)
process.stdout.write(
  JSON.stringify({ verdict, tests: Object.fromEntries(tests.map((test) => [test.name, test.verdict])) }),
)
