/**
 * Fuzzes the parsers of hostile text and the decoder of the side channel: `npm run fuzz -- [--seconds N] [target...]`, by default
 * every target for ten minutes. Anything but a ClaimcheckError is a finding, which is printed with its seed and its smallest input.
 */
import { join } from 'node:path'
import { stdout } from 'node:process'
import { parseArgs } from 'node:util'
import { execa } from 'execa'
import { printableLine } from '../harness/core/terminal.ts'
import { fuzz } from './fuzz/check.ts'
import { TARGETS } from './fuzz/targets.ts'

const { values, positionals } = parseArgs({
  options: { seconds: { type: 'string', default: '600' } },
  allowPositionals: true,
})
const seconds = Number(values.seconds)
const SIDE_CHANNEL = 'side-channel'
const known = [...Object.keys(TARGETS), SIDE_CHANNEL]
const names = positionals.length === 0 ? known : positionals

for (const name of names) {
  if (name === SIDE_CHANNEL) {
    await fuzzSideChannel()
    continue
  }
  const target = TARGETS[name]
  if (target === undefined) throw new Error(`no target ${name}; the targets are ${known.join(', ')}`)
  const outcome = await fuzz(target, { seconds }).then(
    (count) => `${count} inputs, no finding`,
    (error: unknown) => {
      process.exitCode = 1
      return `FINDING ${printableLine(String(error))}\n${error instanceof Error && error.cause instanceof Error ? (error.cause.stack ?? '') : ''}`
    },
  )
  stdout.write(`${name}: ${outcome}\n`)
}

/** The decoder is written in Rust. Its test tries random inputs for the time in FUZZ_SECONDS. */
async function fuzzSideChannel(): Promise<void> {
  const test = [
    'test',
    '--release',
    '--locked',
    '-p',
    'claimcheck-transfer',
    '--test',
    'decoder',
    '--',
    '--nocapture',
  ]
  const run = await execa('cargo', test, {
    cwd: join(import.meta.dirname, '../native'),
    env: { FUZZ_SECONDS: String(Math.ceil(seconds)) },
    reject: false,
    all: true,
  })
  const count = /\d+ inputs, no finding/.exec(run.all)?.[0]
  if (run.exitCode !== 0 || count === undefined) process.exitCode = 1
  stdout.write(`${SIDE_CHANNEL}: ${count ?? `FINDING\n${run.all}`}\n`)
}
