/** The help, version and usage errors of the command line. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../support/rack-file.ts'
import { PROJECT } from '../support/run-suite.ts'
import { claimcheck } from './claimcheck.ts'

const { version } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as { version: string }

test('--help lists the commands and how to run a suite', async () => {
  const said = await claimcheck(['--help'])
  expect(said).toMatchObject({ exitCode: 0, stderr: '' })
  expect(said.stdout).toMatch(/sweep \[options\] +remove leftovers of killed runs/)
  expect(said.stdout).toContain('npx vitest run suites/numa')
})

test('sweep --help describes --dry-run', async () => {
  expect(await claimcheck(['sweep', '--help'])).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('--dry-run   only print what would be removed'),
  })
})

test('--version prints the version of the package', async () => {
  expect(await claimcheck(['--version'])).toEqual({ exitCode: 0, stdout: version, stderr: '' })
})

test('npx finds the command in the project itself', async () => {
  const { exitCode, stdout } = await execa('npx', ['--offline', 'claimcheck', '--version'], { cwd: PROJECT })
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: version })
})

test.for([
  [['swepp'], "unknown command 'swepp'", '(Did you mean sweep?)'],
  [['sweep', '--dryrun'], "unknown option '--dryrun'", '(Did you mean --dry-run?)'],
  [['--verson'], "unknown option '--verson'", '(Did you mean --version?)'],
  [['sweep', 'all'], "too many arguments for 'sweep'", 'run claimcheck --help for the list of commands'],
  [[], 'Usage: claimcheck', 'sweep'],
] as const)('%j is not understood', async ([args, problem, advice]) => {
  const said = await claimcheck(args)
  expect(said).toMatchObject({ exitCode: 1, stdout: '' })
  expect(said.stderr).toContain(problem)
  expect(said.stderr).toContain(advice)
})

test('a shell completes commands, options and values', async () => {
  const suggestions = async (words: readonly string[]): Promise<readonly string[]> => {
    const { stdout } = await claimcheck(['complete', '--', ...words])
    return stdout.split('\n').map((line) => line.split('\t')[0] ?? '')
  }
  expect(await suggestions([''])).toEqual(expect.arrayContaining(['run', 'doctor', 'discover', 'lab']))
  expect(await suggestions(['lab', ''])).toEqual(expect.arrayContaining(['up', 'down']))
  expect(await suggestions(['sweep', '--'])).toContain('--dry-run')
  expect(await suggestions(['discover', '--target', ''])).toEqual(expect.arrayContaining(['cluster', 'host']))
})

test.for(['bash', 'zsh', 'fish'])('the completion script for %s calls claimcheck', async (shell) => {
  const { exitCode, stdout } = await claimcheck(['complete', shell])
  expect(exitCode).toBe(0)
  expect(stdout).toContain('claimcheck complete --')
  if (shell === 'bash') await execa('bash', ['-n'], { input: stdout })
})

test('a misspelt variable is an error', async () => {
  expect(await claimcheck(['sweep'], { CLAIMCHECK_CACH_DIR: '/nowhere' })).toEqual({
    exitCode: 1,
    stdout: '',
    stderr:
      'claimcheck: VARIABLE_UNKNOWN: CLAIMCHECK_CACH_DIR is not a variable of claimcheck. Did you mean CLAIMCHECK_CACHE_DIR?',
  })
})

test('an old Node is rejected with a message, and a run leaves no reports of the run before', async () => {
  // Reports an older Node version to the same start file.
  const old = join(temporaryFolder(), 'old.mjs')
  writeFileSync(
    old,
    `Object.defineProperty(process.versions, 'node', { value: '20.19.0' })
     await import(${JSON.stringify(join(PROJECT, 'bin/claimcheck.js'))})`,
  )
  const reports = temporaryFolder()
  writeFileSync(join(reports, 'junit.xml'), '<testsuites/>')
  writeFileSync(join(reports, 'other.txt'), '')
  const options = { reject: false, env: { CLAIMCHECK_REPORT_DIR: reports } } as const
  const { exitCode, stderr } = await execa(process.execPath, [old, 'sweep'], options)
  expect(exitCode).toBe(2)
  expect(readdirSync(reports)).toEqual(['junit.xml', 'other.txt'])
  expect(await execa(process.execPath, [old, 'run'], options)).toMatchObject({ exitCode: 2 })
  expect(readdirSync(reports)).toEqual(['other.txt'])
  expect(stderr).toBe(
    'claimcheck: Node 20.19.0 is too old: expected >=22.22. Run `npm ci`, then start through npx: it uses the Node 24 that comes with the project.',
  )
})
