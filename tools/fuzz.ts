/**
 * Fuzzes the parsers of hostile text, and what a transfer receives from its peer: `npm run fuzz -- [--seconds N] [target...]`, by default
 * every target for ten minutes. Anything but a ClaimcheckError is a finding, which is printed with its seed and its smallest input.
 */
import { join } from 'node:path'
import { stdout } from 'node:process'
import { parseArgs } from 'node:util'
import { execa } from 'execa'
import { printableLine } from '../harness/core/terminal.ts'
import { readSettings } from '../harness/core/variables.ts'
import { provideNixl } from '../harness/native/nixl.ts'
import { fuzz } from './fuzz/check.ts'
import { TARGETS } from './fuzz/targets.ts'

const { values, positionals } = parseArgs({
  options: { seconds: { type: 'string', default: '600' } },
  allowPositionals: true,
})
const seconds = Number(values.seconds)
/** Tests in Rust, which try random inputs for the time in FUZZ_SECONDS. NIXL parses its metadata itself. */
const IN_RUST: Readonly<Record<string, string>> = {
  'side-channel': 'decoder',
  'nixl-metadata': 'hostile_metadata',
}
const known = [...Object.keys(TARGETS), ...Object.keys(IN_RUST)]
const names = positionals.length === 0 ? known : positionals

for (const name of names) {
  const test = IN_RUST[name]
  if (test !== undefined) {
    await fuzzInRust(name, test)
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

async function fuzzInRust(name: string, test: string): Promise<void> {
  const { cacheDir } = readSettings(process.env)
  const { capi } = await provideNixl(cacheDir, (line) => process.stderr.write(`${line}\n`))
  const run = await execa(
    'cargo',
    ['test', '--release', '--locked', '-p', 'claimcheck-transfer', '--test', test, '--', '--nocapture'],
    {
      cwd: join(import.meta.dirname, '../native'),
      env: { FUZZ_SECONDS: String(Math.ceil(seconds)), NIXL_CAPI_LIB: capi },
      reject: false,
      all: true,
    },
  )
  const count = /\d+ inputs, no finding.*/.exec(run.all)?.[0]
  if (run.exitCode !== 0 || count === undefined) process.exitCode = 1
  stdout.write(`${name}: ${run.exitCode === 0 && count !== undefined ? count : `FINDING\n${run.all}`}\n`)
}
