import { describe, test } from 'vitest'
import type { Device, DeviceRequest, ResourceSlice } from '../../harness/dra/objects.ts'
import { loadRack } from '../../harness/rack/rack.ts'
import { allocate, type AllocationInput } from '../../harness/scheduling/allocate.ts'
import { publishRack } from '../../harness/emulation/publish-rack.ts'

const { slices, classes } = publishRack(loadRack('fixtures/racks/h100-2node.yaml'))
const nics = slices.filter(({ spec }) => spec.driver === 'dra.net')
const unsatisfiable = { code: 'CLAIM_UNSATISFIABLE' }

const gpus = (generation: number, resourceSliceCount: number, ...devices: Device[]): ResourceSlice => ({
  apiVersion: 'resource.k8s.io/v1',
  kind: 'ResourceSlice',
  metadata: { name: 'gpus' },
  spec: {
    driver: 'gpu.nvidia.com',
    pool: { name: 'node-a', generation, resourceSliceCount },
    nodeName: 'node-a',
    devices,
  },
})
const coloured = (name: string, colour: string, node?: number): Device => ({
  name,
  attributes: { colour: { string: colour }, ...(node === undefined ? {} : { node: { int: node } }) },
})
const gpu = (name: string, rest: object = {}, ...expressions: string[]): DeviceRequest => ({
  name,
  exactly: {
    deviceClassName: 'gpu.nvidia.com',
    selectors: expressions.map((expression) => ({ cel: { expression } })),
    ...rest,
  },
})
const run = (
  from: readonly ResourceSlice[],
  requests: readonly DeviceRequest[],
  rest: Partial<AllocationInput> &
    Pick<Partial<AllocationInput['claims'][0]['spec']['devices']>, 'constraints'> = {},
) => {
  const { constraints = [], ...input } = rest
  return allocate({
    nodes: ['node-a'],
    slices: from,
    classes,
    allocated: [],
    claims: [{ name: 'c', spec: { devices: { requests, constraints } } }],
    ...input,
  })
}

describe('backtracking restores the state', () => {
  test('after a device that one constraint accepted and another rejected', ({ expect }) => {
    const from = gpus(1, 1, coloured('a', 'red'), coloured('b', 'blue', 0), coloured('c', 'blue', 0))
    const constraints = ['colour', 'node'].map((id) => ({ matchAttribute: `gpu.nvidia.com/${id}` }))
    const [claim] = run([from], [gpu('two', { count: 2 })], { constraints }).claims
    expect(claim?.results.map(({ device }) => device)).toEqual(['b', 'c'])
  })

  test('after admin access to a device of another request', ({ expect }) => {
    const red = 'device.attributes["gpu.nvidia.com"].colour == "red"'
    const from = gpus(1, 1, coloured('a', 'red'), coloured('b', 'blue'))
    const requests = [gpu('own', {}, red), gpu('watch', { adminAccess: true }), gpu('again', {}, red)]
    expect(() => run([from], requests)).toThrow(expect.objectContaining(unsatisfiable))
  })
})

test('All is rejected while any pool of the node is incomplete', ({ expect }) => {
  const all = [{ name: 'all', exactly: { deviceClassName: 'dranet.net', allocationMode: 'All' as const } }]
  expect(run(nics, all).claims[0]?.results).toHaveLength(10)
  expect(() => run([...nics, gpus(2, 2, coloured('a', 'red'))], all)).toThrow(
    /pool node-a of gpu\.nvidia\.com is incomplete and is ignored/,
  )
})

test('for a request that never fits, the choices of other requests are not all tried', ({ expect }) => {
  const many = gpus(1, 1, ...Array.from({ length: 40 }, (_, index) => ({ name: `d${index}` })))
  const requests = [gpu('wide', { count: 20 }), gpu('never', {}, 'false')]
  expect(() => run([many], requests, { stepLimit: 1000 })).toThrow(expect.objectContaining(unsatisfiable))
})
