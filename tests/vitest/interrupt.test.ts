/** A run that is interrupted leaves nothing on the machine, and its report is not green. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { parseXml } from '../report/parse-xml.ts'
import { PROJECT, runSuite } from '../support/run-suite.ts'
import { familyOf, isAlive, SuiteProcess, type ProcessId } from '../support/suite-process.ts'

const SUITE = 'suites/numa/kv-transfer.test.ts'
/** Real transfers whose speed is not judged, since other tests run at the same time. */
const UNTIMED = ['-t', 'carries its share|arrive intact']
const RACK = join(PROJECT, 'fixtures/racks/h100-2node.yaml')

/** What a run could leave on the machine besides processes: interfaces and mounts. */
function machine(): readonly string[] {
  const interfaces = readFileSync('/proc/self/net/dev', 'utf8').split('\n').slice(2)
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
  return [
    ...interfaces.map((line) => line.split(':')[0]?.trim() ?? ''),
    ...mounts.map((line) => line.split(' ')[4] ?? ''),
  ]
}

async function expectNothingLeft(
  run: SuiteProcess,
  family: readonly ProcessId[],
  before: readonly string[],
): Promise<void> {
  const limit = { timeout: 10_000, interval: 50 }
  await expect.poll(() => family.filter(isAlive), limit).toEqual([])
  await expect.poll(() => machine().filter((one) => !before.includes(one)), limit).toEqual([])
  expect(readdirSync(run.temporary)).toEqual([])
}

/** Asserts that the JUnit report is valid XML with a failure or an error. */
function expectNotGreen(junit: string | undefined): void {
  const { name, attributes, children } = parseXml(junit ?? '')
  expect(name).toBe('testsuites')
  expect(Number(attributes['failures']) + Number(attributes['errors'])).toBeGreaterThan(0)
  expect(children.length).toBeGreaterThan(0)
}

test.for([
  ['Ctrl-C', 130, (run: SuiteProcess) => run.killGroup('SIGINT')],
  ['SIGINT', 130, (run: SuiteProcess) => run.kill('SIGINT')],
  ['SIGTERM', 143, (run: SuiteProcess) => run.kill('SIGTERM')],
] as const)('%s in the middle of an arm ends the run in order, with %i', async ([, code, disturb]) => {
  const before = machine()
  const run = new SuiteProcess(SUITE)
  const family = await run.midTransfer()
  disturb(run)
  expect(await run.ended, run.said).toEqual({ code, signal: null })
  await expectNothingLeft(run, family, before)
  expectNotGreen(run.report('junit.xml'))
  expect(JSON.parse(run.report('results.json') ?? '')).toMatchObject({ outcome: 'interrupted' })
  expect(run.report('junit.xml')).toContain('type="INTERRUPTED"')
})

test('Ctrl-C twice ends the run at once', async () => {
  const before = machine()
  const run = new SuiteProcess(SUITE)
  const family = await run.midTransfer()
  run.killGroup('SIGINT')
  await run.saying('repeat the signal to exit at once')
  run.killGroup('SIGINT')
  expect((await run.ended).code, run.said).toBe(130)
  await expectNothingLeft(run, family, before)
  expectNotGreen(run.report('junit.xml'))
})

test.for([
  ['the run', (run: SuiteProcess) => run.kill('SIGKILL')],
  ['the run and its worker', (run: SuiteProcess) => run.killGroup('SIGKILL')],
] as const)('kill -9 of %s leaves nothing but a report that is not green', async ([, disturb]) => {
  const before = machine()
  const run = new SuiteProcess(SUITE)
  const family = await run.midTransfer()
  disturb(run)
  expect(await run.ended).toEqual({ code: null, signal: 'SIGKILL' })
  await expectNothingLeft(run, family, before)
  expectNotGreen(run.report('junit.xml'))
})

test.for([
  ['worker', 'node'],
  ['node agent', 'claimcheck-node'],
] as const)('kill -9 of the %s ends the run red, with everything cleaned up', async ([, program]) => {
  const before = machine()
  const run = new SuiteProcess(SUITE)
  const family = await run.midTransfer()
  const victim = family.find((one) => one.pid !== run.pid && one.program === program)
  expect(victim).toBeDefined()
  process.kill(victim?.pid ?? 0, 'SIGKILL')
  expect(await run.ended, run.said).toEqual({ code: 1, signal: null })
  await expectNothingLeft(run, family, before)
  expectNotGreen(run.report('junit.xml'))
})

test('a fixture that fails while pods run leaves nothing', async () => {
  const before = machine()
  const folder = join(PROJECT, 'tests/.tmp', `fixture-${process.pid}`)
  mkdirSync(folder, { recursive: true })
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(
    join(folder, 'vitest.config.ts'),
    `import { defineSuites } from '${PROJECT}/harness/vitest/config.ts'
     export default defineSuites(['*.test.ts'])`,
  )
  writeFileSync(
    join(folder, 'a.test.ts'),
    `import { podTest, gpusWithNics } from '${PROJECT}/harness/vitest/suite.ts'
     const test = podTest({
       placement: gpusWithNics({ gpus: 1, gpusOn: 0, nics: 1, nicsOn: 0 }), containers: ['main'],
     }).extend('broken', async ({ pods }) => {
       await pods.look()
       throw new Error('the fixture broke')
     })
     test('one', ({ broken }) => { void broken })`,
  )
  const run = new SuiteProcess('a.test.ts', { CLAIMCHECK_RACK: RACK }, { cwd: folder })
  const family = await run.having(1, 'claimcheck-node')
  expect(await run.ended, run.said).toEqual({ code: 1, signal: null })
  expect(run.said).toContain('the fixture broke')
  await expectNothingLeft(run, family, before)
  expectNotGreen(run.report('junit.xml'))
})

test('after these interruptions two concurrent runs pass, and leave nothing', async () => {
  const before = machine()
  const run = () => runSuite(SUITE, {}, {}, UNTIMED)
  for (const { exitCode, output } of await Promise.all([run(), run()])) expect(exitCode, output).toBe(0)
  expect(machine().filter((one) => !before.includes(one))).toEqual([])
  expect(familyOf(process.pid).filter(({ program }) => program.startsWith('claimcheck-'))).toEqual([])
})
