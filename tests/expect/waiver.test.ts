/** Waivers and the warn tier with the real suite on a faulty rack: applied, expired, unused and misspelt waivers. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readCertificate } from '../../harness/certificate/read-certificate.ts'
import { verifyCertificate } from '../../harness/certificate/verify-certificate.ts'
import { rackFile, temporaryFolder } from '../support/rack-file.ts'
import { runSuite, verdictsOf } from '../support/run-suite.ts'
import { scratchSuite } from '../support/scratch-suite.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const day = (offset: number): string => new Date(Date.now() + offset * DAY_MS).toISOString().slice(0, 10)

const local = 'A pod that claims 4 GPUs of NUMA node 0 and 4 NICs of NUMA node 0'
const listed = `${local} > lists only the claimed NICs in /dev/infiniband, in every container`
const lacking = `${local} > lacks the devices of unclaimed NICs`
/** The other placement that does not claim the NIC of the fault. */
const lackingAcross = lacking.replace('4 GPUs of NUMA node 0', '4 GPUs of NUMA node 1')
const LISTED = '/dev/infiniband lists only the claimed NICs'
const LACKING = 'no container has a device of an unclaimed NIC'

function waiversFile(...waivers: readonly Readonly<Record<string, string>>[]): string {
  const path = join(temporaryFolder(), 'waivers.yaml')
  writeFileSync(path, JSON.stringify({ schema: 'claimcheck.waivers/1', waivers }, null, 1))
  return path
}

const leak = ['{ kind: device-leak, node: node-b, nic: mlx5_6 }']
const suite = 'suites/numa/claimed-devices.test.ts'

const runWith = (waivers: string, faults: readonly string[] = leak) =>
  runSuite(suite, {
    CLAIMCHECK_RUNTIME: 'model',
    CLAIMCHECK_RACK: rackFile({ faults }),
    CLAIMCHECK_WAIVERS: waivers,
  })

const reason = 'vendor case 4711'

test('a waived expectation is reported as failed, and the run is green', async () => {
  const until = day(1)
  const run = await runWith(
    waiversFile(
      { statement: LISTED, reason, until },
      { statement: LACKING, test: lacking, reason, until },
      { statement: LACKING, test: lackingAcross, reason, until },
    ),
  )
  expect(run.exitCode, run.output).toBe(0)
  expect(verdictsOf(run.report)).toMatchObject({
    [listed]: 'waived DEVICE_LEAK',
    [lacking]: 'waived DEVICE_LEAK',
    [lackingAcross]: 'waived DEVICE_LEAK',
  })
  expect(run.output).toContain(`waived until ${until}: ${reason}`)
  expect(run.output).toContain('node-b/mlx5_6')
  expect(run.output).toContain('passed with 4 waivers')
  expect(run.junit).toMatch(/<skipped message="waived: [^"]*vendor case 4711/)
  expect(run.junit).not.toContain('<failure')
})

test('a waiver applies on its last day, and fails the run the day after', async () => {
  const today = await runWith(
    waiversFile({ statement: LISTED, reason, until: day(0) }, { statement: LACKING, reason, until: day(0) }),
  )
  expect(today.exitCode, today.output).toBe(0)
  const late = await runWith(
    waiversFile({ statement: LISTED, reason, until: day(-1) }, { statement: LACKING, reason, until: day(0) }),
  )
  expect(late.exitCode).toBe(1)
  expect(verdictsOf(late.report)).toMatchObject({
    [listed]: 'failed DEVICE_LEAK',
    [lacking]: 'waived DEVICE_LEAK',
  })
  expect(late.report?.problems).toMatchObject([{ code: 'WAIVER_EXPIRED' }])
  expect(late.report?.problems[0]?.message).toContain('the expectation is still failed')
  expect(late.junit).toContain('<error type="WAIVER_EXPIRED"')
})

test('an expired waiver keeps a run red even where the expectation is met', async () => {
  const run = await runWith(waiversFile({ statement: LISTED, reason, until: day(-1) }), [])
  expect(run.exitCode).toBe(1)
  expect(run.report?.tests.every(({ verdict }) => verdict === 'passed')).toBe(true)
  expect(run.report?.problems[0]?.message).toContain('the expectation passes now. Remove the waiver.')
})

test('a waiver is reported when its expectation passes, or when it matches nothing', async () => {
  const run = await runWith(
    waiversFile(
      { statement: LISTED, reason, until: day(9) },
      { statement: LACKING.replace('device', 'devise'), reason, until: day(9) },
      { statement: LISTED, sku: 'b200x8', reason, until: day(-9) },
    ),
    [],
  )
  expect(run.exitCode, run.output).toBe(0)
  expect(run.output).toContain('passed although waived')
  expect(run.report?.notes).toEqual([
    expect.stringContaining(`waivers[0] is not needed: "${LISTED}" passes. Remove it.`),
    expect.stringContaining(`did you mean "${LACKING}"?`),
  ])
})

test('a waiver does not cover another test or another SKU', async () => {
  const run = await runWith(
    waiversFile(
      { statement: LISTED, test: lacking, reason, until: day(1) },
      { statement: LACKING, sku: 'b200x8', reason, until: day(1) },
    ),
  )
  expect(run.exitCode).toBe(1)
  expect(verdictsOf(run.report)).toMatchObject({
    [listed]: 'failed DEVICE_LEAK',
    [lacking]: 'failed DEVICE_LEAK',
  })
})

test.for([
  ['without a date', { statement: LISTED, reason }, 'a waiver without an end is not accepted'],
  ['with a day that is none', { statement: LISTED, reason, until: '2027-02-30' }, 'waivers[0].until'],
  ['without a reason', { statement: LISTED, until: '2027-01-01' }, 'expected the reason for the waiver'],
  ['with an empty reason', { statement: LISTED, reason: ' ', until: '2027-01-01' }, 'expected the reason'],
  [
    'with a misspelt key',
    { statement: LISTED, reason, untill: '2027-01-01' },
    'unknown key "untill"; did you mean "until"?',
  ],
] as const)('a waiver %s ends the run before it starts', async ([, waiver, problem]) => {
  const path = waiversFile(waiver)
  const run = await runWith(path)
  expect(run.exitCode).toBe(1)
  expect(run.output.replaceAll(/\s+/g, ' ')).toContain(problem)
  expect(run.output).toMatch(/waivers\.yaml:\d+:\d+/)
  expect(run.junit).toContain('<error type="FILE_INVALID"')
})

test('two waivers of the same expectation are rejected', async () => {
  const waiver = { statement: LISTED, reason, until: day(1) }
  const run = await runWith(waiversFile(waiver, { ...waiver, reason: 'another' }))
  expect(run.output).toContain('waives the same as waivers[0]')
})

test('in the warn tier a failed expectation is reported and does not fail the test, also with .not and expect.soft', async () => {
  const where = scratchSuite(`
     const placement = gpusWithNics({ gpus: 1, gpusOn: 0, nics: 1, nicsOn: 0 })
     const one = podTest({ placement, containers: ['main'] })
     one('warned', { tags: ['warn'] }, async ({ pods, expect }) => {
       await expect.soft(pods).toListOnlyClaimedDevices()
       await expect(pods).not.toHaveOnlyClaimedInterfaces()
     })
     one('met', { tags: ['warn'] }, async ({ pods, expect }) => { await expect(pods).toClaimPairsAt('NODE') })
     one('gating', async ({ pods, expect }) => { await expect(pods).toLackUnclaimedDevices() })`)
  const variables = { CLAIMCHECK_RUNTIME: 'model', CLAIMCHECK_RACK: rackFile({ faults: leak }) }
  const run = await runSuite('scratch', variables, {}, where)
  expect(verdictsOf(run.report), run.output).toEqual({
    warned: 'warned DEVICE_LEAK EXPECTATION_FAILED',
    met: 'passed',
    gating: 'failed DEVICE_LEAK',
  })
  const green = await runSuite('scratch', variables, {}, [...where, '-t', 'warned|met'])
  expect(green.exitCode, green.output).toBe(0)
  expect(green.output).toContain('a warning: it does not fail the test')
  expect(green.output).toContain('passed with 2 warnings')
})

test('a certificate keeps waivers, and verifying it needs none of them', async () => {
  const reports = temporaryFolder()
  const waivers = waiversFile(
    { statement: LISTED, reason, until: day(1) },
    { statement: LACKING, reason, until: day(1) },
  )
  const env = {
    CLAIMCHECK_RUNTIME: 'model',
    CLAIMCHECK_RACK: rackFile({ faults: leak }),
    CLAIMCHECK_WAIVERS: waivers,
    CLAIMCHECK_REPORT_DIR: reports,
  }
  const run = await runSuite(suite, {}, { env })
  expect(run.exitCode, run.output).toBe(0)
  const certificate = readCertificate(join(reports, 'certificate.json'))
  expect(certificate.verdict).toBe('passed')
  const verified = await verifyCertificate(certificate)
  expect(verified.flatMap(({ differences }) => differences)).toEqual([])
  expect(verified.filter(({ tolerance }) => tolerance !== undefined)).toHaveLength(8)
  const forged = structuredClone(certificate)
  for (const one of forged.tests.flatMap((each) => each.expectations)) delete one.waiver
  const refuted = await verifyCertificate(forged)
  expect(refuted.flatMap(({ differences }) => differences)).toContain('its expectations give failed')
})
