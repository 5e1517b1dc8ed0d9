/** A misspelt or invalid variable is rejected, so that a CI gate never runs without a setting that it was given. */
import { expect, onTestFinished, test } from 'vitest'
import { loadRack } from '../../harness/rack/rack.ts'
import { readSettings } from '../../harness/core/variables.ts'

test('settings have defaults', () => {
  expect(readSettings({ HOME: '/home/a', PATH: '/bin' })).toEqual({
    target: 'emulated',
    rack: 'fixtures/racks/h100-2node.yaml',
    sku: undefined,
    context: undefined,
    kubeconfig: ['/home/a/.kube/config'],
    lab: undefined,
    nodes: undefined,
    image: undefined,
    delivery: 'image',
    podResources: { cpu: '4', memory: '8Gi' },
    mountsHostSys: false,
    backend: 'UCX',
    ucx: {},
    runtime: 'process',
    reportDir: 'reports',
    formats: [],
    nixl: undefined,
    waivers: undefined,
    rounds: 3,
    cacheDir: '/home/a/.cache/claimcheck',
  })
})

test('the default rack is the one beside the harness, in whatever folder a command runs', () => {
  const before = process.cwd()
  process.chdir('/')
  onTestFinished(() => process.chdir(before))
  const { rack } = readSettings({})
  expect(loadRack(rack).name).toBe('h100-2node')
})

test.for([
  ['CLAIMCHECK_TARGT', 'Did you mean CLAIMCHECK_TARGET?'],
  ['CLAIMCHECK_ROUND', 'Did you mean CLAIMCHECK_ROUNDS?'],
  ['CLAIMCHECK_RUNTIME_', 'Did you mean CLAIMCHECK_RUNTIME?'],
  ['CLAIMCHECK_runtime', 'Did you mean CLAIMCHECK_RUNTIME?'],
  ['CLAIMCHECK_SKO', 'Did you mean CLAIMCHECK_SKU?'],
  ['CLAIMCHECK_', 'The variables are CLAIMCHECK_TARGET, '],
] as const)('%s is unknown', ([name, hint]) => {
  expect(() => readSettings({ [name]: 'x' })).toThrow(
    expect.objectContaining({ code: 'VARIABLE_UNKNOWN', subject: name, hint: expect.stringContaining(hint) }),
  )
})

test.for([
  ['CLAIMCHECK_ROUNDS', '0', 'expected at least 2 rounds'],
  ['CLAIMCHECK_ROUNDS', '1', 'expected at least 2 rounds: one round has no interval'],
  ['CLAIMCHECK_ROUNDS', 'x', 'expected a whole number'],
  ['CLAIMCHECK_ROUNDS', '2.5', 'expected a whole number'],
  ['CLAIMCHECK_ROUNDS', '', 'expected'],
  ['CLAIMCHECK_ROUNDS', '101', 'expected at most 100 rounds'],
  ['CLAIMCHECK_ROUNDS', '0x10', 'expected a whole number'],
  ['CLAIMCHECK_TARGET', 'Emulated', 'emulated'],
  ['CLAIMCHECK_TARGET', '', 'emulated'],
  ['CLAIMCHECK_RUNTIME', 'modell', 'model'],
  ['CLAIMCHECK_RACK', '', ''],
  ['CLAIMCHECK_NODES', 'a b', 'node names separated by commas'],
  ['CLAIMCHECK_DELIVERY', 'ftp', 'stream'],
  ['CLAIMCHECK_POD_CPU', '4 cores', 'CPUs such as 4 or 500m'],
  ['CLAIMCHECK_POD_MEMORY', '8', 'memory such as 8Gi'],
  ['CLAIMCHECK_HOST_SYS', 'yes', 'mount'],
  ['CLAIMCHECK_BACKEND', 'libfabric', 'LIBFABRIC'],
  ['CLAIMCHECK_UCX_IB_GID_INDEX', '', '1 to 256 printable'],
  ['CLAIMCHECK_UCX_ib_gid_index', '3', 'a variable of UCX'],
  ['CLAIMCHECK_UCX_TLS', 'rc', 'set by the transfer itself'],
  ['CLAIMCHECK_UCX_NET_DEVICES', 'mlx5_0:1', 'set by the transfer itself'],
] as const)('%s=%j makes no sense', ([name, value, expected]) => {
  expect(() => readSettings({ [name]: value })).toThrow(
    expect.objectContaining({
      code: 'VARIABLE_INVALID',
      subject: name,
      found: JSON.stringify(value),
      message: expect.stringContaining(expected),
    }),
  )
})

test.for([
  ['CLAIMCHECK_NODES', 'node-a'],
  ['CLAIMCHECK_IMAGE', 'x'],
  ['CLAIMCHECK_DELIVERY', 'stream'],
  ['CLAIMCHECK_POD_CPU', '1'],
  ['CLAIMCHECK_LAB', 'x'],
  ['CLAIMCHECK_HOST_SYS', 'mount'],
  ['CLAIMCHECK_BACKEND', 'LIBFABRIC'],
] as const)('%s has no meaning for an emulated rack', ([name, value]) => {
  expect(() => readSettings({ [name]: value })).toThrow(/has no effect with CLAIMCHECK_TARGET=emulated/)
})

test.for([
  [{ CLAIMCHECK_CONTEXT: 'prod' }, 'CLAIMCHECK_CONTEXT'],
  [{ CLAIMCHECK_NAMESPACE: 'claimcheck' }, 'CLAIMCHECK_NAMESPACE'],
] as const)('%j has no meaning for a lab, except in a pod of it', ([env, subject]) => {
  expect(() => readSettings({ CLAIMCHECK_TARGET: 'lab', ...env })).toThrow(
    expect.objectContaining({
      subject,
      message: expect.stringContaining('outside a pod of the lab') as string,
    }),
  )
  const inside = readSettings({ CLAIMCHECK_TARGET: 'lab', ...env, CLAIMCHECK_CONTEXT: 'in-cluster' })
  expect(inside.context).toBe('in-cluster')
})

test('KUBECONFIG is a list of files, as in kubectl', () => {
  expect(readSettings({ KUBECONFIG: '/a/one:/b/two:' }).kubeconfig).toEqual(['/a/one', '/b/two'])
})

test('variables of UCX go to the pods without the prefix', () => {
  const env = { CLAIMCHECK_UCX_IB_GID_INDEX: '3', CLAIMCHECK_UCX_IB_TRAFFIC_CLASS: '106', UCX_TLS: 'tcp' }
  expect(readSettings(env).ucx).toEqual({ UCX_IB_GID_INDEX: '3', UCX_IB_TRAFFIC_CLASS: '106' })
})

test('the model runtime runs no UCX', () => {
  const env = { CLAIMCHECK_UCX_IB_GID_INDEX: '3', CLAIMCHECK_RUNTIME: 'model' }
  expect(() => readSettings(env)).toThrow(/runs no UCX/)
})
