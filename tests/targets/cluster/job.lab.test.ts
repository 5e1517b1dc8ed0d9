/**
 * The Job of `deploy/` runs `suites/numa` from inside the lab's cluster with the rights of `deploy/overlays/namespace`, in the
 * image of the harness, as an ordinary user with a read-only root file system.
 */
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { describePermission, permissionsIn } from '../../../harness/targets/cluster/permissions.ts'
import { runReportSchema } from '../../../harness/report/run-report.ts'
import { buildHarnessImage } from '../../support/harness-image.ts'
import { JobCluster } from '../../support/job-run.ts'
import { temporaryFolder } from '../../support/rack-file.ts'
import { retryWhenNoisy } from '../../support/retry-when-noisy.ts'
import { PROJECT, runSuite, verdictsOf } from '../../support/run-suite.ts'
import { sharedLab } from '../../support/shared-lab.ts'

const IMAGE = `claimcheck.dev/harness:test-${process.pid}`
/** The lab emulates its devices, which only its own target knows; the rack names the SKU. */
const IN_LAB = { CLAIMCHECK_TARGET: 'lab', CLAIMCHECK_SKU: null }
const sbomSchema = z.looseObject({
  components: z.array(z.looseObject({ name: z.string(), licenses: z.array(z.unknown()).optional() })),
})
const cluster = new JobCluster(sharedLab(), IMAGE)

beforeAll(async () => {
  await buildHarnessImage(IMAGE)
  await cluster.prepare()
})

afterAll(async () => {
  await execa('docker', ['rmi', '--force', IMAGE])
  await cluster.remove()
})

test('the image has a bill of materials, with the licence of each package', async () => {
  const inImage = ['run', '--rm', '--entrypoint', 'cat', IMAGE, '/claimcheck/sbom.cdx.json']
  const { components } = sbomSchema.parse(JSON.parse((await execa('docker', inImage)).stdout))
  expect(components.map(({ name }) => name)).toEqual(expect.arrayContaining(['claimcheck', 'vitest', 'zod']))
  expect(components.filter(({ licenses }) => licenses === undefined).map(({ name }) => name)).toEqual([])
})

test(
  'every expectation of suites/numa holds, and the reports are in the volume',
  retryWhenNoisy(1),
  async () => {
    const { exitCode, log, message } = await cluster.run({ settings: IN_LAB })
    expect(exitCode, log).toBe(0)
    expect(message).toBe('Reached expected number of succeeded pods')
    const folder = await cluster.reports()
    const read = (name: string): string => readFileSync(join(folder, name), 'utf8')
    const report = runReportSchema.parse(JSON.parse(read('results.json')))
    const model = await runSuite('suites/numa', { CLAIMCHECK_RUNTIME: 'model' })
    const sentences = Object.keys(verdictsOf(model.report)).toSorted()
    expect(Object.keys(verdictsOf(report)).toSorted()).toEqual(sentences)
    expect(report.outcome).toBe('passed')
    expect(read('junit.xml')).toContain('bytes arrive intact')
    const kinds = 'pods,leases,secrets,resourceclaims,resourceclaimtemplates'
    const ofRuns = ['--namespace', 'claimcheck', '-l', 'claimcheck.dev/run']
    expect(await cluster.kubectl(['get', kinds, ...ofRuns, '-o', 'name'])).toBe('')
  },
)

test('hardware that is not what the SKU says fails the Job, whose condition has the exit code', async () => {
  const one = ['run', 'suites/numa', '-t', 'every node has the GPUs and NICs of the SKU']
  const { exitCode, message, log } = await cluster.run({
    settings: { ...IN_LAB, CLAIMCHECK_RACK: 'p5-2node' },
    patches: [{ op: 'replace', path: '/spec/template/spec/containers/0/args', value: one }],
  })
  expect(exitCode, log).toBe(1)
  expect(message).toContain('failed with exit code 1 matching FailJob rule')
  expect(log).not.toContain('could not be created')
})

describe('bad input is reported:', () => {
  test('a volume for the reports that cannot be written', async () => {
    const path = '/spec/template/spec/containers/0/volumeMounts/1/readOnly'
    const ended = await cluster.run({ settings: {}, patches: [{ op: 'add', path, value: true }] })
    expect(ended).toMatchObject({ exitCode: 2, log: expect.stringContaining('REPORT_UNWRITABLE') as string })
    expect(ended.log).toMatch(
      /report folder \/reports could not be written: .* found Read-only file system '\/reports\//,
    )
  })

  test('a ServiceAccount without rights, with each right that it lacks', async () => {
    const account = 'without-rights'
    await cluster.kubectl(['create', 'serviceaccount', account, '--namespace', 'claimcheck'])
    const patch = { path: '/spec/template/spec/serviceAccountName', value: account }
    const ended = await cluster.run({
      settings: { CLAIMCHECK_SKU: 'h100x8' },
      patches: [{ ...patch, op: 'replace' }],
    })
    expect(ended.exitCode, ended.log).toBe(3)
    const required = permissionsIn('claimcheck').filter(({ optional }) => optional === undefined)
    const log = ended.log.replaceAll(/\s+/g, ' ')
    expect(required.map(describePermission).filter((one) => !log.includes(one))).toEqual([])
    expect(log).toContain(`lacks ${required.length} of the ${required.length} permissions`)
  })

  test('a pod without a token of its ServiceAccount', async () => {
    const patch = { path: '/spec/template/spec/automountServiceAccountToken', value: false }
    const ended = await cluster.run({
      settings: { CLAIMCHECK_SKU: 'h100x8' },
      patches: [{ ...patch, op: 'replace' }],
    })
    expect(ended.exitCode, ended.log).toBe(2)
    expect(ended.log.replaceAll(/\s+/g, ' ')).toContain(
      'this process is not in a pod with a token of its ServiceAccount: expected a pod with `automountServiceAccountToken: true`',
    )
  })

  test('a SKU profile that was not put into the ConfigMap', async () => {
    const ended = await cluster.run({ settings: {} })
    expect(ended.exitCode, ended.log).toBe(2)
    expect(ended.log).toContain('/input/sku.yaml')
  })
})

test.for(['base', 'overlays/namespace', 'overlays/schedule'])(
  'deploy/%s is accepted by the API server',
  async (folder) => {
    const accepted = await cluster.dryRun(join(PROJECT, 'deploy', folder))
    expect(accepted).toContain(
      folder === 'overlays/schedule' ? 'cronjob.batch/claimcheck' : 'job.batch/claimcheck',
    )
  },
)

test('the kustomization of docs/in-cluster.md is accepted by the API server', async () => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(PROJECT, join(folder, 'node_modules/claimcheck'))
  const page = readFileSync(join(PROJECT, 'docs/in-cluster.md'), 'utf8')
  writeFileSync(join(folder, 'kustomization.yaml'), /^```yaml\n([^]*?)^```$/m.exec(page)?.[1] ?? '')
  copyFileSync(join(PROJECT, 'fixtures/skus/h100x8.yaml'), join(folder, 'sku.yaml'))
  expect(await cluster.dryRun(folder)).toContain('job.batch/claimcheck created')
})
