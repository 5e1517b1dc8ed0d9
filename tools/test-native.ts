/** Runs the Rust tests against the real NIXL. Takes further cargo arguments; ends with cargo's exit code. */
import { execa } from 'execa'
import { readSettings } from '../harness/core/variables.ts'
import { provideNixl } from '../harness/native/nixl.ts'

const { cacheDir } = readSettings(process.env)
const { capi } = await provideNixl(cacheDir, (line) => process.stderr.write(`${line}\n`))
const tests = await execa(
  'cargo',
  ['test', '--release', '--locked', '--manifest-path', 'native/Cargo.toml', ...process.argv.slice(2)],
  {
    stdio: 'inherit',
    reject: false,
    env: { NIXL_CAPI_LIB: capi },
  },
)
process.exitCode = tests.exitCode ?? 1
