/** `claimcheck run` in a project of its own, as a separate process. */
import { generateKeyPairSync } from 'node:crypto'
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, onTestFinished, test } from 'vitest'
import { REPORT_FILES } from '../../harness/report/report-files.ts'
import { temporaryFolder } from '../support/rack-file.ts'
import { PROJECT } from '../support/run-suite.ts'

const PASSED = `import { test } from 'vitest'\ntest('one', ({ expect }) => { expect(1).toBe(1) })`
const FAILED = PASSED.replace('toBe(1)', 'toBe(2)')
const UNDECIDED = `${PASSED}\ntest('two', () => { throw new Error('no answer') })`

/** A folder with these suites, whose name begins with `name`; its configuration is that of a user's project. */
function project(suites: Readonly<Record<string, string>>, name = 'run-'): string {
  mkdirSync(join(PROJECT, 'tests/.tmp'), { recursive: true })
  const folder = mkdtempSync(join(PROJECT, 'tests/.tmp', name))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const config = `import { defineSuites } from '${PROJECT}/harness/vitest/config.ts'\nexport default defineSuites(['*.test.ts'])`
  for (const [name, text] of Object.entries({ ...suites, 'vitest.config.ts': config }))
    writeFileSync(join(folder, name), text)
  return folder
}

/** The native loader spares each run the bundling of the whole harness. */
const NATIVE = '--configLoader=native'

const start = (
  folder: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
  loader = NATIVE,
) =>
  execa(process.execPath, [join(PROJECT, 'bin/claimcheck.js'), 'run', loader, ...args], {
    cwd: folder,
    env: { CLAIMCHECK_RUNTIME: 'model', NO_COLOR: '1', ...env },
    reject: false,
    all: true,
    timeout: 120_000,
    forceKillAfterDelay: false,
    // A process group of its own, as in a shell.
    detached: true,
  })

test('a passed run, with every file that was asked for, whatever reporter prints it', async () => {
  const folder = project({ 'a.test.ts': PASSED })
  const { exitCode, all } = await start(folder, ['a.test.ts', '--reporter=default', '--ctrf', '--metrics'])
  expect({ exitCode, all }).toMatchObject({
    exitCode: 0,
    all: expect.stringContaining('Test Files  1 passed') as string,
  })
  expect(all).toContain('✓ 1 passed, 0 failed')
  expect(readdirSync(join(folder, 'reports')).sort()).toEqual(
    expect.arrayContaining(['ctrf.json', 'index.html', 'junit.xml', 'metrics.prom', 'results.json']),
  )
})

test.for(['100%', 'a%20b', '%zz'])('a project in a folder whose name begins with %j', async (name) => {
  const folder = project({ 'a.test.ts': PASSED }, name)
  const bundled = await start(folder, [], {}, '--configLoader=bundle')
  expect(bundled.exitCode, bundled.all).toBe(0)
  expect(bundled.all).toContain('✓ 1 passed, 0 failed')
})

test.for(['a#b', 'a?b'])(
  'a folder such as %j, whose files Vite cannot load, is refused by name',
  async (name) => {
    const folder = project({ 'a.test.ts': PASSED }, name)
    const { exitCode, all } = await start(folder)
    expect(exitCode, all).toBe(2)
    expect(all?.replaceAll(/\s+/g, ' ')).toMatch(
      /FILE_INVALID.* a path without "#" and "\?"\. Rename the folder/,
    )
  },
)

test('a failed run is 1; an inconclusive one is 3, and 0 where that is allowed', async () => {
  expect(await start(project({ 'a.test.ts': FAILED }))).toMatchObject({ exitCode: 1 })
  const folder = project({ 'a.test.ts': UNDECIDED })
  expect(await start(folder)).toMatchObject({ exitCode: 3 })
  expect(await start(folder, ['--allow-inconclusive'])).toMatchObject({ exitCode: 0 })
})

test.for<[string, string, readonly string[], Readonly<Record<string, string>>, string]>([
  ['a suite that cannot be loaded', 'enum = 1', [], {}, 'a.test.ts'],
  ['a wrong variable', PASSED, [], { CLAIMCHECK_ROUNDS: 'three' }, 'CLAIMCHECK_ROUNDS'],
  ['an unknown SKU', PASSED, [], { CLAIMCHECK_RACK: 'h100-2nod' }, 'Did you mean h100-2node?'],
  ['a filter without tests', PASSED, ['b.test.ts'], {}, 'the run found no test'],
  [
    'a report folder below a file',
    PASSED,
    [],
    { CLAIMCHECK_REPORT_DIR: '/etc/hostname/x' },
    'REPORT_UNWRITABLE',
  ],
  [
    'a report folder that cannot be made',
    PASSED,
    [],
    { CLAIMCHECK_REPORT_DIR: '/proc/x' },
    'REPORT_UNWRITABLE',
  ],
  ['an option of nobody', PASSED, ['--require-coverge'], {}, 'Unknown option `--requireCoverge`'],
])('%s is 2', async ([, suite, args, env, said]) => {
  const { exitCode, all } = await start(project({ 'a.test.ts': suite }), args, env)
  expect(exitCode, all).toBe(2)
  expect(all).toContain(said)
})

test('a Vitest that crashes is 2, with the signal, and not interrupted', async () => {
  const folder = project({ 'a.test.ts': PASSED })
  writeFileSync(join(folder, 'vitest.config.ts'), 'process.abort()')
  const { exitCode, all } = await start(folder)
  expect({ exitCode, all }).toMatchObject({
    exitCode: 2,
    all: expect.stringMatching(/the run ended without .*results\.json; Vitest ended with SIGABRT/) as string,
  })
})

test('a claimcheck that cannot be loaded is 2, and not 1, which is a failed run', async () => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'bin'))
  mkdirSync(join(folder, 'harness/core'), { recursive: true })
  cpSync(join(PROJECT, 'bin/claimcheck.js'), join(folder, 'bin/claimcheck.js'))
  cpSync(join(PROJECT, 'package.json'), join(folder, 'package.json'))
  writeFileSync(
    join(folder, 'harness/core/compile-cache.ts'),
    `throw new Error('EMFILE: too many open files')`,
  )
  const { exitCode, stderr } = await execa(process.execPath, [join(folder, 'bin/claimcheck.js'), 'run'], {
    reject: false,
  })
  expect({ exitCode, stderr }).toEqual({
    exitCode: 2,
    stderr: 'claimcheck: could not be loaded: EMFILE: too many open files',
  })
})

test('a folder without a configuration is 2, and reports of an earlier run are gone', async () => {
  const folder = project({})
  rmSync(join(folder, 'vitest.config.ts'))
  mkdirSync(join(folder, 'reports'))
  writeFileSync(join(folder, 'reports/junit.xml'), '<testsuites/>')
  const { exitCode, all } = await start(folder)
  expect({ exitCode, all }).toMatchObject({
    exitCode: 2,
    all: expect.stringContaining('has no vitest.config.ts. Run `npx claimcheck init`') as string,
  })
  expect(existsSync(join(folder, 'reports/junit.xml'))).toBe(false)
})

test.for<[string, (run: ReturnType<typeof start>) => void]>([
  ['SIGTERM', (run) => run.kill('SIGTERM')],
  ['a closed terminal', ({ pid }) => process.kill(-Number(pid), 'SIGHUP')],
])('a run that %s interrupts is 4 when it has released what it had', async ([, interrupt]) => {
  // The release of devices on a cluster takes longer than 5 s.
  const waiting = `import { writeFileSync } from 'node:fs'
  import { setTimeout } from 'node:timers/promises'
  import { onTestFinished, test } from 'vitest'
  test('one', async ({ signal }) => {
    onTestFinished(async () => {
      await setTimeout(7000)
      writeFileSync('released', '')
    }, 30_000)
    process.stdout.write('it waits\\n')
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  })`
  const folder = project({ 'a.test.ts': waiting })
  const run = start(folder)
  for await (const line of run.iterable({ from: 'all' })) if (line.includes('it waits')) interrupt(run)
  expect(await run).toMatchObject({ exitCode: 4 })
  expect(existsSync(join(folder, 'released'))).toBe(true)
  expect(readFileSync(join(folder, 'reports/junit.xml'), 'utf8')).toContain('type="INTERRUPTED"')
})

test('in GitHub Actions, a failure is annotated and the step has a summary', async () => {
  const folder = project({ 'a.test.ts': FAILED })
  const summary = join(folder, 'summary.md')
  const env = { GITHUB_ACTIONS: 'true', GITHUB_WORKSPACE: PROJECT, GITHUB_STEP_SUMMARY: summary }
  const { all } = await start(folder, [], env)
  const file = join(folder, 'a.test.ts').slice(PROJECT.length + 1)
  expect(all).toContain('::group::a.test.ts')
  expect(all).toContain(`::error file=${file},line=2,title=ASSERTION_FAILED::`)
  expect(readFileSync(summary, 'utf8')).toContain('## ❌ not passed: claimcheck')
})

test('no file of a run is written through a link that somebody put into the report folder', async () => {
  const [reports, elsewhere] = [temporaryFolder(), temporaryFolder()]
  const key = join(elsewhere, 'key.pem')
  const { privateKey } = generateKeyPairSync('ed25519')
  writeFileSync(key, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 })
  const files = [...REPORT_FILES, 'history.ndjson', 'discovered.yaml']
  for (const file of files) {
    writeFileSync(join(elsewhere, file), 'precious')
    symlinkSync(join(elsewhere, file), join(reports, file))
  }
  mkdirSync(join(elsewhere, 'evidence'))
  symlinkSync(join(elsewhere, 'evidence'), join(reports, 'evidence'))
  const run = await start(PROJECT, ['--ctrf', '--metrics', 'suites/numa/topology.test.ts'], {
    CLAIMCHECK_REPORT_DIR: reports,
    CLAIMCHECK_SIGN_KEY: key,
  })
  for (const file of files) expect(readFileSync(join(elsewhere, file), 'utf8'), file).toBe('precious')
  expect(readdirSync(join(elsewhere, 'evidence'))).toEqual([])
  for (const file of REPORT_FILES) expect(lstatSync(join(reports, file)).isFile(), file).toBe(true)
  expect(run.all).toMatch(/not in the history: REPORT_UNWRITABLE: .*ELOOP/)
})
