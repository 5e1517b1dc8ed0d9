/** A certificate is issued only when every test was evaluated; otherwise the run gives the reason. */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { issueCertificate } from '../../harness/certificate/issue-certificate.ts'
import { runReportSchema, type RunReport } from '../../harness/report/run-report.ts'
import { recordedText } from '../report/html/recorded-runs.ts'
import { InlineProject } from '../vitest/inline-project.ts'
import { genuineRun } from './genuine.ts'

test('a certificate contains the evidence for its verdicts', async () => {
  const { certificate } = await genuineRun()
  expect(certificate).toMatchObject({
    schema: 'claimcheck.certificate/1',
    target: 'emulated',
    emulation: { runtime: 'model', scale: 200, rack: 'h100-2node', faults: [] },
    sku: { profile: { name: 'h100x8' } },
    verdict: 'passed',
    fingerprint: {
      nodes: {
        'node-a': {
          'gpu.nvidia.com': {
            devices: 8,
            attributes: { driverVersion: ['580.0.0'], cudaDriverVersion: ['13.0.0'] },
          },
          'dra.net': { attributes: { pciDevice: ['ConnectX VF', 'Virtio network device'] } },
        },
      },
      libraries: { model: ['claimcheck.link-model/1'] },
    },
  })
  const [a, b] = ['node-a', 'node-b'].map((node) => certificate.fingerprint.nodes[node]?.['dra.net']?.serials)
  expect(a).not.toBe(b)
  const asks = certificate.tests.flatMap(({ expectations }) => expectations.map(({ basis }) => basis.ask))
  expect(asks).toContainEqual({
    kind: 'outperform',
    arm: 'aligned',
    other: 'unaligned',
    by: 1.3,
    in: 'bandwidth',
  })
})

test('tests that were filtered out are listed as skipped', async () => {
  const { certificate } = await genuineRun({ args: ['-t', 'arrive intact'] })
  expect(certificate.verdict).toBe('passed')
  const verdicts = certificate.tests.map(({ verdict }) => verdict)
  expect(verdicts.filter((verdict) => verdict === 'passed')).toHaveLength(2)
  expect(verdicts).toContain('skipped')
})

test('none is issued of results whose evidence was altered', () => {
  const report = runReportSchema.parse(JSON.parse(recordedText('passed')))
  const file = 'suites/numa/kv-transfer.test.ts'
  const evidence = { ...report.files[file]?.evidence, 'kv-1gib': { kind: 'rounds', rounds: 'none' } }
  const altered = { ...report, files: { ...report.files, [file]: { ...report.files[file], evidence } } }
  expect(issueCertificate(altered as RunReport)).toEqual({
    refused: expect.stringMatching(
      /^the evidence of suites\/numa\/kv-transfer\.test\.ts does not match its schema, at \w+: /,
    ) as string,
  })
})

describe('No certificate is issued', () => {
  const judged = `import { test } from 'vitest'; import { expectation, recordExpectation } from './evidence.ts'\n`
  test.for([
    [
      'of a stock matcher alone',
      `import { test } from 'vitest'; test('one', () => {})`,
      '"one" has no expectation that could be recomputed',
    ],
    [
      'of an expectation that cannot be asked again',
      `${judged} test('one', ({ task }) => recordExpectation(task, expectation('passed')))`,
      '"one" has an expectation that cannot be recomputed: aligned bandwidth is at least 1.3x unaligned',
    ],
    [
      'of a test that threw',
      `import { test } from 'vitest'; test('one', () => { throw new TypeError('x') })`,
      '"one" ended with an error (SUITE_ERROR)',
    ],
    [
      'of skips alone',
      `import { test } from 'vitest'; test('one', ({ skip }) => skip('no GPU'))`,
      'the run had an error outside its tests (NO_TESTS)',
    ],
    [
      'of a file that could not be read',
      `import './nowhere.ts'`,
      'the run had an error outside its tests (SUITE_ERROR)',
    ],
  ] as const)('%s', async ([, file, reason]) => {
    using project = new InlineProject({ 'a.test.ts': file })
    const run = await project.run()
    expect(run.stdout).toContain(`no certificate: ${reason}`)
    expect(existsSync(join(project.folder, 'reports/certificate.json'))).toBe(false)
    expect(existsSync(join(project.folder, 'reports/history.ndjson'))).toBe(false)
  })

  test('and that of an earlier run is removed when a later one begins', async () => {
    using project = new InlineProject({ 'a.test.ts': `import { test } from 'vitest'; test('one', () => {})` })
    await project.run()
    writeFileSync(join(project.folder, 'reports/certificate.json'), '{}')
    await project.run()
    expect(existsSync(join(project.folder, 'reports/certificate.json'))).toBe(false)
  })
})
