/** Invalid input to the real suite: the message names the mistake, the exit code is 1, and the report is not green. */
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readSettings } from '../../harness/core/variables.ts'
import { rackFile, temporaryFolder } from '../support/rack-file.ts'
import { PROJECT, runSuite, verdictsOf } from '../support/run-suite.ts'
import { familyOf } from '../support/suite-process.ts'

const words = (text: string): string => text.replaceAll(/\s+/g, ' ')

test.for([
  ['VARIABLE_UNKNOWN', { CLAIMCHECK_TARGT: 'emulated' }, 'Did you mean CLAIMCHECK_TARGET?'],
  ['VARIABLE_INVALID', { CLAIMCHECK_ROUNDS: '1' }, 'expected at least 2 rounds: one round has no interval'],
  ['VARIABLE_INVALID', { CLAIMCHECK_ROUNDS: 'x' }, 'CLAIMCHECK_ROUNDS expected a whole number'],
  ['VARIABLE_INVALID', { CLAIMCHECK_RUNTIME: 'fast' }, 'CLAIMCHECK_RUNTIME'],
  ['VARIABLE_INVALID', { CLAIMCHECK_TARGET: 'clutser' }, 'CLAIMCHECK_TARGET'],
  ['VARIABLE_INVALID', { CLAIMCHECK_TARGET: 'cluster' }, 'CLAIMCHECK_SKU is needed'],
  [
    'TARGET_UNAVAILABLE',
    { CLAIMCHECK_TARGET: 'lab', CLAIMCHECK_LAB: 'absent' },
    'lab absent is not running with rack h100-2node',
  ],
  ['VARIABLE_INVALID', { CLAIMCHECK_LAB: 'default' }, 'only target lab has labs'],
  ['VARIABLE_INVALID', { CLAIMCHECK_CONTEXT: 'a' }, 'only target cluster has a context'],
  [
    'VARIABLE_INVALID',
    { CLAIMCHECK_TARGET: 'cluster', CLAIMCHECK_SKU: 'fixtures/skus/h100x8.yaml' },
    'CLAIMCHECK_CONTEXT is required with CLAIMCHECK_TARGET=cluster',
  ],
  [
    'TARGET_UNAVAILABLE',
    { CLAIMCHECK_TARGET: 'host', CLAIMCHECK_SKU: 'fixtures/skus/h200x2.yaml' },
    'this machine has no NVIDIA driver',
  ],
  ['TARGET_UNAVAILABLE', { CLAIMCHECK_TARGET: 'host' }, 'this machine has no NVIDIA driver'],
  ['FILE_UNREADABLE', { CLAIMCHECK_WAIVERS: 'waivers.yaml' }, 'waivers.yaml could not be read'],
  [
    'FILE_UNREADABLE',
    { CLAIMCHECK_RACK: 'fixtures/racks/h200.yaml' },
    'fixtures/racks/h200.yaml could not be read',
  ],
] as const)('%s: %j', async ([code, variables, problem]) => {
  const run = await runSuite('suites/numa', variables)
  expect(run.exitCode, run.output).toBe(1)
  expect(words(run.output)).toContain(problem)
  expect(run.junit).toContain(`<error type="${code}"`)
  expect(run.report?.outcome).not.toBe('passed')
})

test('a typo in a rack file is reported with line and column', async () => {
  const rack = rackFile({ edit: (text) => text.replace('scale:', 'scael:') })
  const run = await runSuite('suites/numa', { CLAIMCHECK_RACK: rack })
  expect(run.exitCode).toBe(1)
  expect(words(run.output)).toContain('rack.yaml:11:1')
  expect(words(run.output)).toContain('unknown key "scael"; did you mean "scale"?')
  expect(run.junit).toContain('<error type="FILE_INVALID"')
})

test('a NIXL wheel that is not the pinned one ends the run before any pod', async () => {
  const cache = temporaryFolder()
  for (const platform of ['x86_64', 'aarch64'])
    writeFileSync(join(cache, `nixl_cu12-1.5.1-cp311-cp311-manylinux_2_28_${platform}.whl`), 'garbage')
  const run = await runSuite('suites/numa', { CLAIMCHECK_CACHE_DIR: cache })
  expect(run.exitCode).toBe(1)
  expect(words(run.output)).toContain('with another hash than the pinned one')
  expect(run.junit).toContain('<error type="NIXL_UNAVAILABLE"')
  expect(readdirSync(cache).filter((name) => !name.endsWith('.whl'))).toEqual([])
  expect(familyOf(process.pid).filter(({ program }) => program.startsWith('claimcheck-'))).toEqual([])
})

test('the model runtime needs neither cargo nor python', async () => {
  const run = await runSuite(
    'suites/numa',
    {
      CLAIMCHECK_RUNTIME: 'model',
      CLAIMCHECK_CACHE_DIR: join(temporaryFolder(), 'none'),
      PATH: join(PROJECT, 'node_modules/.bin'),
    },
    {},
    ['--configLoader', 'runner'],
  )
  expect(run.exitCode, run.output).toBe(0)
})

test.for(['process', 'model'])(
  'a claim that cannot be satisfied is reported with the reason, in the %s runtime',
  async (runtime) => {
    const fault = '{ kind: numa-misreport, node: node-a, nic: mlx5_1, numaNode: 1 }'
    const run = await runSuite('suites/numa/kv-transfer.test.ts', {
      CLAIMCHECK_RUNTIME: runtime,
      CLAIMCHECK_RACK: rackFile({ faults: [fault] }),
      CLAIMCHECK_CACHE_DIR: readSettings(process.env).cacheDir,
    })
    expect(run.exitCode).toBe(1)
    expect(new Set(Object.values(verdictsOf(run.report)))).toEqual(
      new Set([
        // The arms over NUMA node 0 lack a NIC; those over NUMA node 1 are given the NIC that only reports it.
        'inconclusive CLAIM_UNSATISFIABLE',
        'inconclusive PRECONDITION_TOPOLOGY',
        ...(runtime === 'process' ? ['skipped'] : []),
      ]),
    )
    expect(words(run.output)).toMatch(/node-a.*"?nic"?.*3 of/)
  },
)
