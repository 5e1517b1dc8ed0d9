/**
 * The package in an empty folder of a container that has Node with npm and nothing else: no Rust, no C compiler, no Python, no
 * clone. Its registry settings are those of this machine.
 */
import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { GenericContainer, PullPolicy, type StartedTestContainer } from 'testcontainers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { VERSION } from '../../harness/core/package-root.ts'
import { readSettings } from '../../harness/core/variables.ts'
import { docker } from '../../harness/targets/lab/docker.ts'
import { digest, keyOf } from '../../harness/targets/lab/image/build-artifact.ts'
import { debian } from '../../harness/targets/lab/image/debian-root.ts'
import { provideNodeImage } from '../../harness/targets/lab/image/node-image.ts'
import { PROJECT } from '../support/run-suite.ts'

const PASSED_ON =
  /^(npm_config_(registry|cafile|proxy|https_proxy|noproxy)|PIP_\w+|https?_proxy|no_proxy|SSL_CERT_\w+|NODE_EXTRA_CA_CERTS)$/i
const MOST_BYTES = 25e6
/** The home folder in the container. */
const HOME = '/home/author'

let container: StartedTestContainer | undefined
let folder: string | undefined
let packed: { readonly tarball: string; readonly size: number }

beforeAll(async () => {
  await docker()
  await provideNodeImage(readSettings(process.env).cacheDir, () => undefined)
  folder = mkdtempSync(join(tmpdir(), 'claimcheck-package-'))
  const { stdout } = await execa('npm', ['pack', '--json', '--pack-destination', folder], { cwd: PROJECT })
  const [{ size } = { size: Infinity }] = JSON.parse(stdout.slice(stdout.indexOf('[\n'))) as {
    size: number
  }[]
  packed = { tarball: `claimcheck-${VERSION}.tgz`, size }
  const npm = dirname(dirname(realpathSync((await execa('sh', ['-c', 'command -v npm'])).stdout)))
  const binds = [
    [process.execPath, '/usr/local/bin/node'],
    [npm, '/usr/local/lib/node_modules/npm'],
    [folder, '/packed'],
    ...[
      join(homedir(), '.npmrc'),
      '/etc/pip.conf',
      '/etc/ssl/certs',
      '/usr/share/ca-certificates',
      '/usr/local/share/ca-certificates',
    ]
      .filter((path) => existsSync(path))
      .map((path) => [path, path.replace(homedir(), HOME)]),
  ] as [string, string][]
  container = await new Machine(`claimcheck-lab-layer:debian-${digest([keyOf(debian)]).slice(0, 16)}`)
    .withPullPolicy(PullPolicy.neverPull())
    .withNetworkMode('host')
    .withBindMounts(binds.map(([source, target]) => ({ source, target, mode: 'ro' })))
    .withEnvironment(
      Object.fromEntries(
        Object.entries(process.env)
          .flatMap(([name, value]) => (PASSED_ON.test(name) && value !== undefined ? [[name, value]] : []))
          .concat([['HOME', HOME]]),
      ),
    )
    .withTmpFs({ '/project': 'rw,exec', [`${HOME}/.cache`]: 'rw,exec', [`${HOME}/.npm`]: 'rw' })
    // It ends by itself where this process is killed.
    .withCommand(['sleep', '3600'])
    .withAutoRemove(true)
    .start()
  for (const name of ['npm', 'npx'])
    await inContainer(`ln -s ../lib/node_modules/npm/bin/${name}-cli.js /usr/local/bin/${name}`)
}, 900_000)

afterAll(async () => {
  await container?.stop()
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
})

/** The privileges of a node of the lab, which emulated pods need. */
class Machine extends GenericContainer {
  constructor(image: string) {
    super(image)
    this.withAddedCapabilities('ALL')
      .withDroppedCapabilities('SYS_RESOURCE')
      .withSecurityOpt('seccomp=unconfined', 'apparmor=unconfined')
    this.hostConfig = { ...this.hostConfig, MaskedPaths: [], ReadonlyPaths: [] }
  }
}

async function inContainer(script: string): Promise<{ exitCode: number; output: string }> {
  if (container === undefined) throw new Error('no container was started')
  const { exitCode, output } = await container.exec(['sh', '-c', script], {
    workingDir: '/project',
    env: { NO_COLOR: '1' },
  })
  return { exitCode, output }
}

test('the package has at most 25 MB', () => {
  expect(packed.size).toBeLessThan(MOST_BYTES)
})

test('the machine has Node and no tool that builds', async () => {
  expect((await inContainer('node --version')).output.trim()).toBe(process.version)
  const { output } = await inContainer('for one in python3 cc gcc cargo git; do command -v $one; done')
  expect(output.trim()).toBe('')
})

test('it is installed without a script of any package, and makes a project', async () => {
  const installed = await inContainer(`npm install --save-dev /packed/${packed.tarball}`)
  expect(installed.exitCode, installed.output).toBe(0)
  const { output } = await inContainer('cat node_modules/.package-lock.json')
  const { packages } = JSON.parse(output) as { packages: Record<string, { hasInstallScript?: boolean }> }
  const scripted = Object.entries(packages).filter(([, one]) => one.hasInstallScript === true)
  expect(scripted.map(([name]) => name)).toEqual([])
  expect(await inContainer('npx claimcheck init')).toMatchObject({
    exitCode: 0,
    output: expect.stringContaining('Wrote suites/kv-cache.test.ts') as string,
  })
  expect((await inContainer('npx claimcheck init')).exitCode).toBe(1)
})

test('its suite passes in the model runtime, with every report', async () => {
  const run = await inContainer('CLAIMCHECK_RUNTIME=model npx claimcheck run --ctrf --metrics')
  expect(run.exitCode, run.output).toBe(0)
  expect(run.output).toContain('✓ 6 passed, 0 failed')
  const { output } = await inContainer('ls reports')
  expect(output.split(/\s+/)).toEqual(
    expect.arrayContaining(['certificate.json', 'ctrf.json', 'index.html', 'junit.xml', 'metrics.prom']),
  )
})

test('it fetches NIXL and moves real bytes with the prebuilt binaries', async () => {
  const run = await inContainer("npx claimcheck run -t 'bytes arrive intact'")
  expect(run.exitCode, run.output).toBe(0)
  expect(run.output).toContain('Fetching NIXL')
  expect(run.output).toContain('✓ 2 passed, 0 failed')
})

test('the shipped suites and racks are used by name', async () => {
  const suite = "import 'claimcheck/suites/numa'"
  await inContainer(`echo "${suite}" >suites/numa.test.ts`)
  const run = await inContainer(
    'CLAIMCHECK_RACK=h100-2node CLAIMCHECK_RUNTIME=model npx claimcheck run suites/numa',
  )
  expect(run.exitCode, run.output).toBe(0)
  expect(run.output).toContain('rack h100-2node')
  const plan = await inContainer('npx claimcheck plan suites/numa.test.ts')
  expect(plan, plan.output).toMatchObject({
    exitCode: 0,
    output: expect.stringContaining('kv-1gib') as string,
  })
  const wrong = await inContainer('CLAIMCHECK_RACK=p5-2nod npx claimcheck run')
  expect(wrong).toMatchObject({
    exitCode: 2,
    output: expect.stringContaining('Did you mean p5-2node?') as string,
  })
})
