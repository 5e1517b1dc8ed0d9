/** A suite whose three arms have names of its own runs, is simulated, certified and verified like any other. */
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { readCertificate } from '../../harness/certificate/read-certificate.ts'
import { verifyCertificate } from '../../harness/certificate/verify-certificate.ts'
import { rackFile } from '../support/rack-file.ts'
import { PROJECT } from '../support/run-suite.ts'
import { InlineProject } from './inline-project.ts'

const suite = (tests: string): string => `
  import { comparisonTest, gpusWithNics, sizeOf } from '${PROJECT}/harness/vitest/suite.ts'
  const devices = (count: number) => gpusWithNics({ gpus: count, gpusOn: 0, nics: count, nicsOn: 0 })
  const test = comparisonTest({
    name: 'width',
    arms: {
      four: { ...devices(4), size: sizeOf('1 GiB') },
      two: { ...devices(2), size: sizeOf('512 MiB'), op: 'READ' },
      one: { ...devices(1), size: sizeOf('256 MiB') },
    },
    op: 'WRITE',
  })
  ${tests}
`
const THREE = suite(`
  test('four NICs', async ({ arms, expect }) => {
    await expect(arms.four).toOutperform(arms.one, { by: 3.6 })
  })
  test('two NICs', async ({ arms, expect }) => {
    await expect(arms.two).toUndercut(arms.one, { by: '1 %', in: 'p50 latency' })
    await expect(arms.two).toArriveIntact()
  })
`)

describe('Three arms', () => {
  test('are measured in every round, judged, simulated and certified by their names', async () => {
    using project = new InlineProject(
      { 'a.test.ts': THREE },
      `globalSetup: ['${PROJECT}/harness/vitest/global-setup.ts'],`,
    )
    const rack = rackFile({ faults: ['{ kind: nic-slow, node: node-a, nic: mlx5_1, fraction: 0.5 }'] })
    const { stdout } = await project.run([], {
      CLAIMCHECK_RUNTIME: 'model',
      CLAIMCHECK_RACK: rack,
      CLAIMCHECK_COVERAGE: 'partial',
    })
    expect(stdout).toContain('four bandwidth is at least 3.6x one')
    const certificate = readCertificate(join(project.folder, 'reports/certificate.json'))
    expect(certificate.tests.map(({ name, verdict }) => [name, verdict])).toEqual([
      ['four NICs', 'failed'],
      ['two NICs', 'failed'],
    ])
    const [ratio] = certificate.tests[0]?.expectations ?? []
    expect(Object.keys(ratio?.properties ?? {})).toEqual(
      expect.arrayContaining([
        'arm.four.bandwidth.GBps',
        'arm.one.bandwidth.GBps',
        'ratio',
        'ratio.ci95.low',
        'ratio.ci95.high',
        'rounds',
      ]),
    )
    const verified = await verifyCertificate(certificate)
    expect(verified.filter(({ differences }) => differences.length > 0)).toEqual([])
    const simulated = await execa(
      process.execPath,
      [join(PROJECT, 'tests/simulate/one-acceptance.ts'), rack, join(project.folder, 'a.test.ts')],
      { cwd: PROJECT },
    )
    expect(JSON.parse(simulated.stdout)).toEqual({
      verdict: 'failed',
      tests: { 'four NICs': 'failed', 'two NICs': 'failed' },
    })
  })

  test('of which one is never compared are refused by name', async () => {
    using project = new InlineProject(
      {
        'a.test.ts': suite(`
          test('four NICs', async ({ arms, expect }) => {
            await expect(arms.four).toOutperform(arms.one, { by: 3.6 })
          })`),
      },
      `globalSetup: ['${PROJECT}/harness/vitest/global-setup.ts'],`,
    )
    const { stdout, code } = await project.run([], {
      CLAIMCHECK_RUNTIME: 'model',
      CLAIMCHECK_RACK: rackFile({}),
      CLAIMCHECK_COVERAGE: 'partial',
    })
    expect(stdout).toMatch(/comparison "width" measures an arm that no test compares: two/)
    expect(code).toBe(1)
  })
})
