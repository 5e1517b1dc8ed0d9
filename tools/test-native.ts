/**
 * Runs the Rust tests against the real NIXL, and the lab's Go tests where Go is installed. Passes its arguments on to
 * cargo. Exits with 0 when all tests passed.
 */
import { join } from 'node:path'
import { execa } from 'execa'
import { readSettings } from '../harness/core/variables.ts'
import { provideNixl } from '../harness/native/nixl.ts'
import { libfabricEnvironment } from './libfabric-libraries.ts'

const say = (line: string): void => void process.stderr.write(`${line}\n`)
const { cacheDir } = readSettings(process.env)
const { capi } = await provideNixl(cacheDir, say)
const libfabric = await libfabricEnvironment(cacheDir, say).catch((error: unknown) => {
  say(`NIXL's LIBFABRIC backend was not tested: ${String(error)}`)
  return { LIBFABRIC_NIXL_CAPI_LIB: '' }
})
const tests = await execa(
  'cargo',
  ['test', '--release', '--locked', '--manifest-path', 'native/Cargo.toml', ...process.argv.slice(2)],
  {
    stdio: 'inherit',
    reject: false,
    env: { NIXL_CAPI_LIB: capi, ...libfabric },
  },
)
const codes = [tests.exitCode ?? 1]
for (const module of ['init', 'driver']) {
  const cwd = join('native', 'lab', module)
  const go = await execa('go', ['test', './...'], {
    cwd,
    stdio: 'inherit',
    reject: false,
    env: { CGO_ENABLED: '0' },
  })
  if (go.code === 'ENOENT') process.stderr.write(`${cwd} was not tested: no go on the PATH\n`)
  else codes.push(go.exitCode ?? 1)
}
process.exitCode = Math.max(...codes)
