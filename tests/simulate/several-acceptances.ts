/** A program that simulates one acceptance of each rack file and prints the verdicts with all reasons of failures as JSON. */
import { globSync } from 'node:fs'
import { resolve } from 'node:path'
import { loadRack } from '../../harness/rack/rack.ts'
import { loadSuites } from '../../harness/simulate/load-suites.ts'
import { simulateAcceptance } from '../../harness/simulate/simulate-acceptance.ts'

const project = resolve(import.meta.dirname, '../..')
const files = globSync('suites/numa/*.test.ts', { cwd: project }).sort()
const racks = process.argv.slice(2).map(loadRack)
const [first] = racks
if (first === undefined) throw new TypeError('expected rack files')
const suites = await loadSuites(
  files.map((file) => resolve(project, file)),
  first.sku,
)
const outcomes: { readonly verdict: string; readonly reasons: string }[] = []
for (const rack of racks) {
  const { tests, verdict } = await simulateAcceptance(suites, rack, 3)
  const failed = tests.flatMap(({ expectations }) => expectations.filter((one) => one.verdict === 'failed'))
  outcomes.push({ verdict, reasons: failed.flatMap(({ reasons }) => reasons).join('\n') })
}
process.stdout.write(JSON.stringify(outcomes))
