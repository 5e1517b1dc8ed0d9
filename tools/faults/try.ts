import { collect } from './suites.ts'
import { accept } from './acceptance.ts'
import { loadRack } from '../../harness/rack/rack.ts'
import { faultSchema } from '../../harness/rack/fault.ts'
import { checkFaults } from '../../harness/rack/fault-check.ts'
import { parse } from 'yaml'
import { globSync } from 'node:fs'
import { resolve } from 'node:path'
const suites = await collect(
  globSync('suites/numa/*.test.ts')
    .sort()
    .map((p) => resolve(p)),
)
const rack0 = loadRack('fixtures/racks/h100-2node.yaml')
for (const text of process.argv.slice(2)) {
  const faults = text === '' ? [] : [faultSchema.parse(parse(text))]
  const rack = { ...rack0, faults }
  checkFaults(rack)
  const t = performance.now()
  const out = await accept(suites, rack, 3)
  console.log('##', text, (performance.now() - t).toFixed(0), 'ms')
  for (const o of out)
    if (o.verdict !== 'passed')
      console.log(
        '  ',
        o.verdict,
        o.codes.join(),
        '|',
        o.suite[0].slice(0, 30),
        '>',
        o.name,
        '|',
        o.text.replaceAll('\n', ' / ').slice(0, 300),
      )
}
