import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { InlineProject } from './inline-project.ts'

const green = `import { test } from 'vitest'; test('one', () => {})`

test('a failing beforeAll makes the tests below it inconclusive, not skipped', async () => {
  using project = new InlineProject({
    'a.test.ts': `import { beforeAll, describe, test } from 'vitest'
      describe('rack', () => {
        beforeAll(() => { throw new Error('no power') })
        test('one', () => {}); test.skip('two', () => {}) })
      test('three', () => {})`,
  })
  const run = await project.run()
  expect(run.code).toBe(1)
  expect(run.stdout).toContain('no power')
  expect(project.outcomes()).toEqual([
    'rack > one: error SUITE_ERROR',
    'rack > two: skipped marked or filtered out in this run',
    'three: passed',
  ])
})

test('a failing afterAll is an error of the file', async () => {
  using project = new InlineProject({
    'a.test.ts': `import { afterAll, test } from 'vitest'
      afterAll(() => { throw new Error('still in use') }); test('one', () => {})`,
  })
  expect(await project.run()).toMatchObject({ code: 1, stdout: expect.stringContaining('still in use') })
  expect(project.outcomes()).toEqual(['one: passed', 'the file: error SUITE_ERROR'])
})

test('a failing global set-up is reported with its own message', async () => {
  using project = new InlineProject(
    {
      'a.test.ts': green,
      'setup.ts': `export default () => { throw Object.assign(new Error('CLAIMCHECK_TARGT is not a variable'),
        { code: 'VARIABLE_UNKNOWN', subject: 'CLAIMCHECK_TARGT' }) }`,
    },
    `globalSetup: ['./setup.ts'],`,
  )
  const run = await project.run()
  expect(run.code).toBe(1)
  expect(run.stdout).toContain('VARIABLE_UNKNOWN')
  expect(run.stdout).toContain('CLAIMCHECK_TARGT is not a variable')
  expect(project.outcomes()).toEqual(['CLAIMCHECK_TARGT: error VARIABLE_UNKNOWN'])
})

test('a file that does not parse is an error of that file; the others run', async () => {
  using project = new InlineProject({ 'a.test.ts': green, 'b.test.ts': 'const = 1' })
  expect(await project.run()).toMatchObject({ code: 1 })
  expect(project.outcomes()).toEqual(['one: passed', 'the file: error SUITE_ERROR'])
})

test('an unhandled rejection is an error of the run', async () => {
  using project = new InlineProject({
    'a.test.ts': `import { test } from 'vitest'
      test('one', async () => { void Promise.reject(new Error('nobody waited')); await new Promise(setImmediate) })`,
  })
  expect(await project.run()).toMatchObject({ code: 1, stdout: expect.stringContaining('nobody waited') })
  expect(project.outcomes()).toEqual(['one: passed', 'the run: error INTERNAL'])
})

test('a worker that dies fails its file, and the report is still written', async () => {
  using project = new InlineProject({
    'a.test.ts': green,
    'b.test.ts': `import { test } from 'vitest'; test('two', () => process.kill(process.pid, 'SIGKILL'))`,
  })
  expect(await project.run()).toMatchObject({ code: 1 })
  expect(project.outcomes()).toContain('one: passed')
  expect(project.outcomes()).toContain('two: error INTERNAL')
})

test.for(['--no-color', '--passWithNoTests', 'no-such-file'])(
  'a run without tests is an error: %s',
  async (arg) => {
    using project = new InlineProject(arg === 'no-such-file' ? { 'a.test.ts': green } : {})
    expect(await project.run([arg])).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('found no test'),
    })
    expect(project.outcomes()).toEqual(['the run: error NO_TESTS'])
  },
)

test('a report folder that cannot be written ends the run before anything is measured', async () => {
  using project = new InlineProject({
    'a.test.ts': `import { writeFileSync } from 'node:fs'; import { test } from 'vitest'
      test('one', () => writeFileSync('measured', ''))`,
  })
  writeFileSync(join(project.folder, 'reports'), 'a file')
  const run = await project.run()
  expect(run.code).toBe(1)
  expect(run.stderr).toContain(
    'report folder reports could not be written: expected a folder that this user can write to',
  )
  expect(existsSync(join(project.folder, 'measured'))).toBe(false)
})

test('an earlier green report is removed when a run begins, and no partial file is left', async () => {
  using project = new InlineProject({
    'a.test.ts': `import { readFileSync, readdirSync } from 'node:fs'; import { expect, test } from 'vitest'
      test('one', () => {
        expect(readdirSync('out')).toEqual(['junit.xml', 'other.txt'])
        expect(readFileSync('out/junit.xml', 'utf8')).toContain('<error type="INTERRUPTED"') })`,
  })
  const folder = join(project.folder, 'out')
  mkdirSync(folder)
  for (const file of ['junit.xml', 'results.json', 'other.txt']) writeFileSync(join(folder, file), 'old')
  expect(await project.run([], { CLAIMCHECK_REPORT_DIR: 'out' })).toMatchObject({ code: 0 })
  expect(readdirSync(folder).sort()).toEqual([
    'index.html',
    'junit.xml',
    'other.txt',
    'report.css',
    'results.json',
  ])
})
