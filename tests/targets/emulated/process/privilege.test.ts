/** The suite as an ordinary user, and on a machine that does not allow namespaces. */
import { chmodSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { readSettings } from '../../../../harness/core/variables.ts'
import { provideBinaries } from '../../../../harness/native/build-binaries.ts'
import { provideNixl } from '../../../../harness/native/nixl.ts'
import { temporaryFolder } from '../../../support/rack-file.ts'
import { PROJECT } from '../../../support/run-suite.ts'
import { retryWhenNoisy } from '../../../support/retry-when-noisy.ts'

const silent = (): void => undefined
const { cacheDir } = readSettings(process.env)
await Promise.all([provideBinaries(silent), provideNixl(cacheDir, silent)])

const ORDINARY = 65_534

interface Run {
  readonly exitCode: number | undefined
  readonly output: string
  readonly junit: string
}

/** Runs a suite through a shell script that ends with `exec ... "$@"`, in the current folder, with reports in `home`. */
async function runBy(script: string, suite: string, env: Readonly<Record<string, string>>): Promise<Run> {
  const home = join(temporaryFolder(), 'home')
  mkdirSync(home)
  // A folder of a test is this user's alone; the run has another user.
  chmodSync(join(home, '..'), 0o755)
  chmodSync(home, 0o777)
  const vitest = ['node_modules/.bin/vitest', 'run', suite]
  const reports = join(home, 'reports')
  const run = await execa('sh', ['-c', `set -e\n${script}`, 'sh', ...vitest], {
    cwd: PROJECT,
    env: {
      CLAIMCHECK_CACHE_DIR: cacheDir,
      CLAIMCHECK_REPORT_DIR: reports,
      HOME: home,
      TMPDIR: home,
      NO_COLOR: '1',
      ...env,
    },
    reject: false,
    all: true,
    timeout: 300_000,
  })
  const junit = join(reports, 'junit.xml')
  return {
    exitCode: run.exitCode,
    output: run.all,
    junit: existsSync(junit) ? readFileSync(junit, 'utf8') : '',
  }
}

describe.runIf(process.getuid?.() === 0)('As an ordinary user', () => {
  // What lies in folders that only root may enter is mounted where anyone may, until this mount namespace ends.
  const ordinary = `
    mkdir "$HOME/project" "$HOME/cache"
    mount --bind . "$HOME/project"
    mount --bind "$CLAIMCHECK_CACHE_DIR" "$HOME/cache"
    cd "$HOME/project"
    # Vite keeps its bundled configuration there.
    mkdir -p node_modules/.vite-temp
    mount -t tmpfs -o uid=${ORDINARY},gid=${ORDINARY} tmpfs node_modules/.vite-temp
    export CLAIMCHECK_CACHE_DIR="$HOME/cache" PATH="$HOME/project/node_modules/.bin:$PATH"
    exec setpriv --reuid=${ORDINARY} --regid=${ORDINARY} --clear-groups "$@"`
  const inMountNamespace = `exec unshare --mount sh -c 'set -e\n${ordinary}' sh "$@"`

  test('the whole suite passes', retryWhenNoisy(2), async () => {
    const run = await runBy(inMountNamespace, 'suites/numa', {})
    expect(run.exitCode, run.output).toBe(0)
    expect(run.junit).toMatch(/ failures="0" errors="0"/)
    expect(run.output).toContain('34 passed')
  })
})

describe('Where no namespaces may be made', () => {
  // A user namespace that allows no further one, in which even its root has no privileges.
  const confined = `
    exec unshare --user --map-root-user sh -c 'set -e
      echo 0 >/proc/sys/user/max_user_namespaces
      exec setpriv --bounding-set=-all --inh-caps=-all "$@"' sh "$@"`

  test('the message gives the reason and names CLAIMCHECK_RUNTIME=model', async () => {
    const run = await runBy(confined, 'suites/numa/topology.test.ts', {})
    expect(run.exitCode, run.output).toBe(1)
    const said = run.output.replaceAll(/\s+/g, ' ')
    expect(said).toContain('SANDBOX_UNAVAILABLE')
    expect(said).toContain('CLAIMCHECK_RUNTIME=model')
    expect(run.junit).toContain('<error type="SANDBOX_UNAVAILABLE"')
    expect(run.junit).toContain('max_user_namespaces = 0')
  })

  test('and with CLAIMCHECK_RUNTIME=model the suite passes', async () => {
    const run = await runBy(confined, 'suites/numa', { CLAIMCHECK_RUNTIME: 'model' })
    expect(run.exitCode, run.output).toBe(0)
  })
})
