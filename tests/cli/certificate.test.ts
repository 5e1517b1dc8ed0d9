/** The output and exit codes of `claimcheck verify` and `claimcheck compare`. */
import { copyFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { digestOf } from '../../harness/certificate/canonical-json.ts'
import { fileOf, forged, genuineRun, type Genuine } from '../certificate/genuine.ts'
import { temporaryFolder } from '../support/rack-file.ts'
import { claimcheck } from './claimcheck.ts'

const SLOW = 'faults: [{ kind: nic-slow, node: node-a, nic: mlx5_1, fraction: 0.5 }]'
let green: Genuine
let red: Genuine

beforeAll(async () => {
  green = await genuineRun()
  red = await genuineRun({ rack: SLOW })
})

describe('verify', () => {
  test('confirms each verdict, also of a failed run', async () => {
    const said = await claimcheck(['verify', red.path])
    expect(said).toMatchObject({ exitCode: 0, stderr: '' })
    expect(said.stdout).toContain('h100x8 on emulated (model, rack h100-2node, 1:200), EMULATED')
    expect(said.stdout).toContain('  ✓ failed: aligned bandwidth is at least 1.3x unaligned')
    expect(said.stdout).toMatch(/\n(\d\d) of \1 verdicts confirmed$/)
    expect(said.stdout).toContain('Not signed: nobody vouches for it')
    expect(said.stdout).toMatch(/SKU profile h100x8 sha256:\w{64}: the same as fixtures\/skus\/h100x8.yaml/)
    expect(said.stdout).toMatch(/Read suites\/numa\/kv-transfer.test.ts sha256:\w{64}/)
    expect(said.stdout).toContain("SKU's bounds; limit 34.38 to 43.76 GB/s, from the SKU profile")
    expect(said.stdout).toContain('can leave out a test or a whole run, or invent samples')
  })

  test('tells a profile that differs from the one of its name', async () => {
    const path = fileOf(
      forged(green.certificate, (copy) => {
        copy.sku.profile.reference.stability = { p99OverP50: 9 }
        copy.sku.digest = digestOf(copy.sku.profile)
      }),
    )
    const said = await claimcheck(['verify', path])
    expect(said.stdout).toMatch(/it DIFFERS from fixtures\/skus\/h100x8.yaml, sha256:\w{64}/)
  })

  test('shows what the samples give for a forged verdict', async () => {
    const path = fileOf(
      forged(red.certificate, (copy) => {
        for (const expectation of copy.tests.flatMap(({ expectations }) => expectations))
          expectation.verdict = 'passed'
      }),
    )
    const said = await claimcheck(['verify', path])
    expect(said.exitCode).toBe(1)
    expect(said.stdout).toContain('  ✗ not confirmed, passed: aligned bandwidth is at least 1.3x unaligned')
    expect(said.stdout).toContain('      verdict is "passed", the samples give "failed"')
    expect(said.stderr).toContain(`claimcheck: CERTIFICATE_REFUTED: ${path} is refuted: `)
  })

  test('names the place where a file was changed', async () => {
    const path = fileOf(readFileSync(green.path, 'utf8').replace('"by": 1.3', '"by": 1.1'))
    expect(await claimcheck(['verify', path])).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr: expect.stringContaining(
        `CERTIFICATE_CHANGED: ${path}: "tests" was changed after it was written`,
      ),
    })
  })
})

describe('compare', () => {
  test('certificates and results.json: exit code 1 and the changed verdicts when something got worse', async () => {
    const said = await claimcheck(['compare', join(green.folder, 'results.json'), red.path])
    expect(said).toMatchObject({ exitCode: 1, stderr: '' })
    expect(said.stdout).toMatch(/- aligned bandwidth +0\.50\dx \[0\.49\dx, 0\.51\dx\] worse/)
    expect(said.stdout).toMatch(
      /= unaligned bandwidth .* no significant change; a change of more than \d\.\d % is ruled out/,
    )
    expect(said.stdout).toContain('at least 1.3x unaligned: passed, now failed')
    expect(said.stdout).toContain('faults is "", then "nic-slow on node-a/mlx5_1"')
    expect(await claimcheck(['compare', red.path, green.path])).toMatchObject({ exitCode: 0, stderr: '' })
  })

  test('--last: compares with the last green run', async () => {
    const folder = temporaryFolder()
    copyFileSync(join(green.folder, 'history.ndjson'), join(folder, 'history.ndjson'))
    copyFileSync(red.path, join(folder, 'certificate.json'))
    const said = await claimcheck(['compare', '--last'], { CLAIMCHECK_REPORT_DIR: folder })
    expect(said).toMatchObject({ exitCode: 1, stderr: '' })
    expect(said.stdout).toContain(`passed (run ${green.certificate.run})`)
    const other = await claimcheck([
      'compare',
      '--last',
      red.path,
      '--history',
      join(folder, 'history.ndjson'),
    ])
    expect(other.stdout).toBe(said.stdout)
  })

  test('--last without an earlier green run is an error', async () => {
    const said = await claimcheck(['compare', '--last'], { CLAIMCHECK_REPORT_DIR: green.folder })
    expect(said).toMatchObject({ exitCode: 1, stdout: '', stderr: expect.stringContaining('NO_REFERENCE') })
  })

  test('runs that are not comparable are refused, with the difference', async () => {
    const scaled = await genuineRun({ scale: 100 })
    const said = await claimcheck(['compare', green.path, scaled.path])
    expect(said).toMatchObject({ exitCode: 1, stdout: '' })
    expect(said.stderr).toContain('RUNS_UNLIKE')
    expect(said.stderr).toContain('emulation scale: 200 and 100')
  })

  test.for([[['a']], [[]], [['--last', 'a', 'b']]] as const)('%j is a usage error', async ([args]) => {
    const said = await claimcheck(['compare', ...args])
    expect(said).toMatchObject({ exitCode: 1, stdout: '' })
    expect(said.stderr).toContain('expected two runs, A and B, or --last with at most one run')
  })
})
