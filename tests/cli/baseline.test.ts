/** `claimcheck baseline` in the model: a discovered profile gets its reference, a bad node is left out, and bad input is refused. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runSuites } from '../../harness/cli/baseline/run-suites.ts'
import { readSettings } from '../../harness/core/variables.ts'
import { loadSku } from '../../harness/sku/sku.ts'
import { hardwareUnderTest } from '../../harness/targets/files-under-test.ts'
import { temporaryFolder } from '../support/rack-file.ts'
import { PROJECT, runSuite } from '../support/run-suite.ts'
import { claimcheck, type Said } from './claimcheck.ts'

const SUITE = 'suites/numa/kv-transfer.test.ts'
const SIX = 'nodes: [node-a, node-b, node-c, node-d, node-e, node-f]'
const SLOW_NIC = '{ kind: nic-slow, node: node-e, nic: mlx5_1, fraction: 0.5 }'

interface Files {
  readonly rack: string
  readonly sku: string
  readonly env: Readonly<Record<string, string>>
}

/** A rack of a profile that states no reference, as `discover` writes one. */
async function discoveredRack(nodes: string, faults: readonly string[] = []): Promise<Files> {
  const folder = temporaryFolder()
  const [rack, sku] = [join(folder, 'rack.yaml'), join(folder, 'sku.yaml')]
  const env = { CLAIMCHECK_RUNTIME: 'model', CLAIMCHECK_REPORT_DIR: join(folder, 'reports'), NO_COLOR: '1' }
  const discovered = await claimcheck(['discover', '--probe'], env)
  writeFileSync(sku, discovered.stdout)
  const text = readFileSync(join(PROJECT, 'fixtures/racks/h100-2node.yaml'), 'utf8')
  const list = faults.length === 0 ? '' : `faults:\n${faults.map((fault) => `  - ${fault}\n`).join('')}`
  writeFileSync(
    rack,
    text.replace('../skus/h100x8.yaml', sku).replace('nodes: [node-a, node-b]', nodes) + list,
  )
  return { rack, sku, env: { ...env, CLAIMCHECK_RACK: rack } }
}

const baseline = (args: readonly string[], env: Files['env']): Promise<Said> =>
  claimcheck(['baseline', SUITE, ...args], env)

test('a discovered SKU has no reference, gets one, and its suites pass', async () => {
  const { sku, env } = await discoveredRack('nodes: [node-a, node-b]')
  const before = await runSuite(SUITE, env)
  expect(before.exitCode).toBe(1)
  expect(before.output).toContain('Run `npx claimcheck baseline` with this suite to propose one.')
  const proposed = await baseline([], env)
  expect(proposed).toMatchObject({ exitCode: 0 })
  expect(proposed.stdout).toContain('Nothing was written. --write adds 8 figures')
  expect(loadSku(sku).reference.baselines).toBeUndefined()
  const written = await baseline(['--write'], env)
  expect(written.stdout).toContain(`${sku}: 8 figures written`)
  const [made] = loadSku(sku).reference.baselines ?? []
  expect(made?.source).toMatchObject({
    nodes: ['node-a', 'node-b'],
    rounds: 6,
    spread: 'assumed',
    emulated: { rack: 'h100-2node', runtime: 'model' },
  })
  const onHardware = hardwareUnderTest(readSettings({ CLAIMCHECK_TARGET: 'host', CLAIMCHECK_SKU: sku }))
  expect(onHardware.sku.reference.baselines).toBeUndefined()
  expect(made?.source.results).toMatch(/^sha256:[0-9a-f]{64}$/)
  expect(readFileSync(sku, 'utf8')).toContain('# From rack h100-2node')
  const after = await runSuite(SUITE, env)
  expect(after.exitCode, after.output).toBe(0)
}, 240_000)

test('results of an earlier run are not those of a run that did not start', async () => {
  const reportDir = temporaryFolder()
  writeFileSync(join(reportDir, 'results.json'), '{}')
  const run = runSuites({ paths: ['--config=missing.ts'], env: process.env, reportDir, rounds: 3 })
  await expect(run).rejects.toMatchObject({
    code: 'BASELINE_REFUSED',
    message: expect.stringContaining('wrote no results.json'),
  })
}, 60_000)

test('a bad node is named and in no figure', async () => {
  const { sku, env } = await discoveredRack(SIX, [SLOW_NIC])
  const said = await baseline(['--write'], env)
  expect(said.stdout).toMatch(/^Left out: node-e: kv-1gib, aligned: /m)
  const [made] = loadSku(sku).reference.baselines ?? []
  expect(made?.source.nodes).toEqual(['node-a', 'node-b', 'node-c', 'node-d', 'node-f'])
  expect(made?.source.leftOut?.map(({ node }) => node)).toEqual(['node-e'])
  expect(made?.source.spread).toBe('measured')
  const aligned = made?.figures.find(({ comparison, arm }) => comparison === 'kv-1gib' && arm === 'aligned')
  expect(aligned?.bandwidth.value).toBeGreaterThan(38.5)
  const again = await runSuite(SUITE, env)
  expect(again.output).toContain('Look at node-e/mlx5_1 first')
}, 240_000)

describe('What is stated', () => {
  test('is compared, and replaced only with --replace', async () => {
    const { sku, env } = await discoveredRack('nodes: [node-a, node-b]')
    await baseline(['--write'], env)
    const first = readFileSync(sku, 'utf8')
    const again = await baseline(['--write'], env)
    expect(again.stdout).toContain('states every figure. --replace replaces them.')
    expect(again.stdout).toMatch(/stated \d+\.\d+ GB\/s, .*: within/)
    expect(readFileSync(sku, 'utf8')).toBe(first)
    writeFileSync(sku, first.replaceAll(/value: [\d.]+ GB\/s/g, 'value: 80 GB/s'))
    const other = await baseline(['--rounds', '3'], env)
    expect(other.exitCode).toBe(1)
    expect(other.stdout).toContain('stated 80.00 GB/s')
    expect(other.stdout).toContain('OUTSIDE')
    const replaced = await baseline(['--write', '--replace'], env)
    expect(replaced).toMatchObject({ exitCode: 0 })
    const { baselines } = loadSku(sku).reference
    expect(baselines).toHaveLength(1)
    expect(baselines?.[0]?.figures).toHaveLength(8)
  }, 240_000)

  test('on hardware is not replaced by an emulated figure', async () => {
    const { env } = await discoveredRack('nodes: [node-a, node-b]')
    await baseline([], env)
    const copy = join(temporaryFolder(), 'sku.yaml')
    const stated = readFileSync(join(PROJECT, 'fixtures/skus/h100x8.yaml'), 'utf8')
    writeFileSync(copy, stated)
    const results = join(env['CLAIMCHECK_REPORT_DIR'] ?? '', 'baseline/results.json')
    const said = await claimcheck(['baseline', '--from', results, '--sku', copy, '--write', '--replace'], env)
    expect(said.exitCode).toBe(1)
    expect(said.stderr).toContain('BASELINE_REFUSED')
    expect(said.stderr).toContain('the measured figure is EMULATED and the stated one is not')
    expect(readFileSync(copy, 'utf8')).toBe(stated)
  }, 240_000)
})

describe('Bad input is refused:', () => {
  test('nodes of two shapes', async () => {
    const { env } = await discoveredRack(SIX, ['{ kind: gpu-count, node: node-c, count: 6 }'])
    const said = await baseline([], env)
    expect(said.exitCode).toBe(1)
    expect(said.stderr).toContain('BASELINE_REFUSED: ')
    expect(said.stderr).toContain('has nodes of 2 shapes: node-a, node-b, node-d, node-e, node-f; node-c')
  }, 60_000)

  test('too few rounds', async () => {
    const { env } = await discoveredRack('nodes: [node-a, node-b]')
    const said = await baseline(['--rounds', '2'], env)
    expect(said.exitCode).toBe(1)
    expect(said.stderr).toContain('error: --rounds must be at least 3')
  }, 60_000)

  test('one node', async () => {
    const certificate = join(PROJECT, 'docs/data/certificate-h200x2.json')
    const said = await claimcheck(['baseline', '--from', certificate])
    expect(said.exitCode).toBe(1)
    expect(said.stderr).toContain('is about one node')
    const told = await claimcheck(['baseline', '--from', certificate, '--single-node'])
    expect(told.stdout).toContain('The bounds are wide')
    expect(told.stdout).toContain('write-1 linked, WRITE of 1 GiB')
  }, 60_000)

  test.for(['h100x2', 'h200x2'])('but the reference of %s is that of its certificate', async (sku) => {
    const said = await claimcheck([
      'baseline',
      '--from',
      `docs/data/certificate-${sku}.json`,
      '--sku',
      `fixtures/skus/${sku}.yaml`,
      '--single-node',
    ])
    expect(said).toMatchObject({ exitCode: 0, stderr: '' })
    expect(said.stdout).toContain(`Nothing was written: fixtures/skus/${sku}.yaml states every figure.`)
  })

  test('--replace without --write', async () => {
    expect(await claimcheck(['baseline', '--replace'])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('--replace has no effect without --write') as string,
    })
  })
})
