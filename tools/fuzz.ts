/**
 * Fuzzes the parsers of hostile text: `npm run fuzz -- [--seconds N] [target...]`, by default every target for ten minutes. Anything but a
 * ClaimcheckError is a finding, which is printed with its seed and its smallest input.
 */
import { stdout } from 'node:process'
import { parseArgs } from 'node:util'
import { printableLine } from '../harness/core/terminal.ts'
import { fuzz } from './fuzz/check.ts'
import { TARGETS } from './fuzz/targets.ts'

const { values, positionals } = parseArgs({
  options: { seconds: { type: 'string', default: '600' } },
  allowPositionals: true,
})
const seconds = Number(values.seconds)
const names = positionals.length === 0 ? Object.keys(TARGETS) : positionals

for (const name of names) {
  const target = TARGETS[name]
  if (target === undefined)
    throw new Error(`no target ${name}; the targets are ${Object.keys(TARGETS).join(', ')}`)
  const outcome = await fuzz(target, { seconds }).then(
    (count) => `${count} inputs, no finding`,
    (error: unknown) => {
      process.exitCode = 1
      return `FINDING ${printableLine(String(error))}\n${error instanceof Error && error.cause instanceof Error ? (error.cause.stack ?? '') : ''}`
    },
  )
  stdout.write(`${name}: ${outcome}\n`)
}
