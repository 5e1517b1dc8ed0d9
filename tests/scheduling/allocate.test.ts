import { describe, expect, test } from 'vitest'
import type { DeviceConstraint, DeviceRequest, ResourceSlice } from '../../harness/dra/objects.ts'
import { publicationOf } from '../../harness/claim/publication.ts'
import { numaTemplate } from '../../harness/claim/claim-template.ts'
import { loadRack } from '../../harness/rack/rack.ts'
import { allocate, type AllocationInput } from '../../harness/scheduling/allocate.ts'
import type { DeviceInUse } from '../../harness/scheduling/node-devices.ts'
import { publishRack } from '../../harness/emulation/publish-rack.ts'

const rack = loadRack('fixtures/racks/h100-2node.yaml')
const { slices, classes } = publishRack(rack)
const published = publicationOf(slices)
const rdma = 'device.attributes["dra.net"]["rdma"] == true'
const template = (arm: 'aligned' | 'unaligned') =>
  numaTemplate(
    {
      alignment: arm,
      gpus: { count: 4, numaNode: 0 },
      nics: { count: 4, numaNode: arm === 'aligned' ? 0 : 1 },
    },
    rack.sku,
    { published },
  ).spec.spec
const given = { nodes: rack.nodes, slices, classes, allocated: [] } satisfies Omit<AllocationInput, 'claims'>

const wants = (...requests: DeviceRequest[]) => [{ name: 'c', spec: { devices: { requests } } }]
const exactly = (
  name: string,
  deviceClassName: string,
  rest: object = {},
  ...expressions: string[]
): DeviceRequest => ({
  name,
  exactly: {
    deviceClassName,
    selectors: expressions.map((expression) => ({ cel: { expression } })),
    ...rest,
  },
})
const devicesOf = (input: AllocationInput): string[] =>
  allocate(input).claims.flatMap(({ results }) =>
    results.map(({ request, device }) => `${request}:${device}`),
  )

function messageOf(input: AllocationInput): string {
  try {
    allocate(input)
  } catch (error) {
    if (error instanceof Error) return error.message
  }
  throw new Error('nothing was thrown')
}

describe("the example's claims", () => {
  test('get the same GPUs in both arms, and the NICs of the NUMA node of the arm', ({ expect }) => {
    const devices = (arm: 'aligned' | 'unaligned') =>
      devicesOf({ ...given, claims: [{ name: arm, spec: template(arm) }] })
    const gpus = ['gpu:gpu-0', 'gpu:gpu-1', 'gpu:gpu-2', 'gpu:gpu-3']
    const nics = (...buses: string[]) => buses.map((bus) => `nic:pci-${bus}-00-00-0`)
    expect(devices('aligned')).toEqual([...gpus, ...nics('0101', '0102', '0103', '0104')])
    expect(devices('unaligned')).toEqual([...gpus, ...nics('0105', '0106', '0107', '0108')])
  })

  test('go to the other node for the second pod, by anti-affinity or because the devices are gone', ({
    expect,
  }) => {
    const claims = [{ name: 'target', spec: template('aligned') }]
    const first = allocate({ ...given, claims })
    expect(first.node).toBe('node-a')
    const excluded = [{ node: 'node-a', reason: 'anti-affinity' }]
    expect(allocate({ ...given, claims, excluded }).node).toBe('node-b')
    const allocated = first.claims.flatMap(({ results }) =>
      results.map((held) => ({ ...held, holder: 'pod one' })),
    )
    expect(allocate({ ...given, claims, allocated }).node).toBe('node-b')
  })

  test('that cannot be satisfied are explained', ({ expect }) => {
    const held: DeviceInUse[] = ['pci-0102-00-00-0', 'pci-0103-00-00-0'].map((device) => ({
      driver: 'dra.net',
      pool: 'node-a',
      device,
      holder: 'claim old of pod initiator',
    }))
    const input = {
      ...given,
      claims: [{ name: 'aligned', spec: template('aligned') }],
      excluded: [{ node: 'node-b', reason: 'anti-affinity with pod target' }],
      allocated: held,
    }
    expect(messageOf(input)).toMatchInlineSnapshot(`
      "claim aligned cannot be allocated on any node:
        node-a: request "nic" of claim aligned needs 4: 10 devices of class dranet.net, 4 of them match device.attributes["dra.net"]["rdma"] == true && device.attributes["dra.net"]["numaNode"] == 0, in use: pci-0102-00-00-0, pci-0103-00-00-0 by claim old of pod initiator, 2 free
        node-b: excluded, anti-affinity with pod target"
    `)
    expect(() => allocate(input)).toThrow(
      expect.objectContaining({
        code: 'CLAIM_UNSATISFIABLE',
        details: {
          nodes: [
            {
              node: 'node-a',
              cut: undefined,
              requests: [
                expect.objectContaining({
                  request: 'nic',
                  need: 4,
                  ofClass: 10,
                  free: 2,
                  selectors: [expect.objectContaining({ left: 4 })],
                  inUse: held.map(({ device, holder }) => ({ device, holder })),
                }),
              ],
            },
          ],
          excluded: { 'node-b': 'anti-affinity with pod target' },
        },
      }),
    )
  })
})

describe('allocation modes', () => {
  test('count is 1 by default', ({ expect }) => {
    expect(devicesOf({ ...given, claims: wants(exactly('one', 'gpu.nvidia.com')) })).toEqual(['one:gpu-0'])
  })

  test('All allocates every device that the selectors match', ({ expect }) => {
    const claims = wants(exactly('all', 'dranet.net', { allocationMode: 'All' }, rdma))
    expect(devicesOf({ ...given, claims })).toHaveLength(8)
  })

  test('All fails if one of them is in use, and if none matches', ({ expect }) => {
    const claims = wants(exactly('all', 'gpu.nvidia.com', { allocationMode: 'All' }))
    const allocated = [{ driver: 'gpu.nvidia.com', pool: 'node-a', device: 'gpu-7', holder: 'pod x' }]
    expect(allocate({ ...given, claims, allocated }).node).toBe('node-b')
    expect(messageOf({ ...given, nodes: ['node-a'], claims, allocated })).toMatch(
      /"all" of claim c needs all devices, at least one: 8 devices of class gpu\.nvidia\.com, in use: gpu-7 by pod x, 7 free/,
    )
    const none = wants(exactly('all', 'gpu.nvidia.com', { allocationMode: 'All' }, 'device.driver == "x"'))
    expect(messageOf({ ...given, claims: none })).toMatch(/0 of them match device\.driver == "x", 0 free/)
  })

  test('firstAvailable allocates the first alternative that fits, and names it in the result', ({
    expect,
  }) => {
    const fast = {
      name: 'fast',
      deviceClassName: 'dranet.net',
      selectors: [{ cel: { expression: 'device.driver == "x"' } }],
    }
    const any = {
      name: 'any',
      deviceClassName: 'dranet.net',
      count: 2,
      selectors: [{ cel: { expression: rdma } }],
    }
    expect(devicesOf({ ...given, claims: wants({ name: 'nic', firstAvailable: [fast, any] }) })).toEqual([
      'nic/any:pci-0101-00-00-0',
      'nic/any:pci-0102-00-00-0',
    ])
  })

  test('firstAvailable backtracks to a later alternative if another request needs the device', ({
    expect,
  }) => {
    const gpu = (n: number) => `device.attributes["resource.kubernetes.io"]["pciBusID"] == "000${n}:00:00.0"`
    const sub = (name: string, n: number) => ({
      name,
      deviceClassName: 'gpu.nvidia.com',
      selectors: [{ cel: { expression: gpu(n) } }],
    })
    const claims = wants(
      { name: 'a', firstAvailable: [sub('first', 1), sub('second', 2)] },
      exactly('b', 'gpu.nvidia.com', {}, gpu(1)),
    )
    expect(devicesOf({ ...given, claims })).toEqual(['a/second:gpu-1', 'b:gpu-0'])
  })

  test('admin access shares devices with earlier pods', ({ expect }) => {
    const allocated = rack.sku.gpus.map(({ name }) => ({
      driver: 'gpu.nvidia.com',
      pool: 'node-a',
      device: name,
      holder: 'pod x',
    }))
    const admin = exactly('watch', 'gpu.nvidia.com', { allocationMode: 'All', adminAccess: true })
    expect(allocate({ ...given, claims: wants(admin), allocated }).node).toBe('node-a')
  })

  test('the claims of one pod share a node and no device', ({ expect }) => {
    const claim = (name: string) => ({ ...wants(exactly('g', 'gpu.nvidia.com', { count: 4 }))[0], name })
    const two = allocate({ ...given, claims: [claim('x'), claim('y')] as AllocationInput['claims'] })
    expect(two.claims.map(({ results }) => results.map(({ device }) => device))).toEqual([
      ['gpu-0', 'gpu-1', 'gpu-2', 'gpu-3'],
      ['gpu-4', 'gpu-5', 'gpu-6', 'gpu-7'],
    ])
    const three = [claim('x'), claim('y'), claim('z')] as AllocationInput['claims']
    expect(messageOf({ ...given, claims: three })).toContain('the requests compete for the same ones')
  })
})

describe('constraints', () => {
  const numa = 'resource.kubernetes.io/numaNode'
  const claims = (constraints: DeviceConstraint[], ...requests: DeviceRequest[]) => [
    { name: 'c', spec: { devices: { requests, constraints } } },
  ]
  const nics = (count: number) => exactly('nic', 'dranet.net', { count }, rdma)

  test('matchAttribute keeps GPUs and NICs together', ({ expect }) => {
    const newer = publishRack({ ...rack, gpuNumaNodePublished: true })
    const gpu = exactly(
      'gpu',
      'gpu.nvidia.com',
      {},
      'device.attributes["resource.kubernetes.io"]["numaNode"] == 1',
    )
    const found = devicesOf({ ...given, ...newer, claims: claims([{ matchAttribute: numa }], gpu, nics(2)) })
    expect(found).toEqual(['gpu:gpu-4', 'nic:pci-0105-00-00-0', 'nic:pci-0106-00-00-0'])
  })

  test('a device without the attribute satisfies no constraint', ({ expect }) => {
    const gpu = exactly('gpu', 'gpu.nvidia.com')
    const message = messageOf({ ...given, claims: claims([{ matchAttribute: numa }], gpu, nics(1)) })
    expect(message).toMatch(
      /node-a: constraint matchAttribute resource\.kubernetes\.io\/numaNode leaves no choice/,
    )
  })

  test('matchAttribute backtracks if the first devices do not lead to an allocation', ({ expect }) => {
    const allocated = ['0101', '0102'].map((bus) => ({
      driver: 'dra.net',
      pool: 'node-a',
      device: `pci-${bus}-00-00-0`,
      holder: 'pod x',
    }))
    const found = devicesOf({ ...given, allocated, claims: claims([{ matchAttribute: numa }], nics(3)) })
    expect(found).toEqual(['0105', '0106', '0107'].map((bus) => `nic:pci-${bus}-00-00-0`))
  })

  test('distinctAttribute spreads devices over values', ({ expect }) => {
    expect(devicesOf({ ...given, claims: claims([{ distinctAttribute: numa }], nics(2)) })).toEqual([
      'nic:pci-0101-00-00-0',
      'nic:pci-0105-00-00-0',
    ])
    expect(messageOf({ ...given, claims: claims([{ distinctAttribute: numa }], nics(3)) })).toContain(
      'constraint distinctAttribute resource.kubernetes.io/numaNode leaves no choice',
    )
  })

  test('cover only the requests that they name, including subrequests', ({ expect }) => {
    const sub = {
      name: 'only',
      deviceClassName: 'dranet.net',
      count: 2,
      selectors: [{ cel: { expression: rdma } }],
    }
    const requests = [{ name: 'spread', firstAvailable: [sub] }, nics(2)]
    const spread = (name: string) => claims([{ distinctAttribute: numa, requests: [name] }], ...requests)
    const found = ['spread/only:pci-0101-00-00-0', 'spread/only:pci-0105-00-00-0']
    expect(devicesOf({ ...given, claims: spread('spread') }).slice(0, 2)).toEqual(found)
    expect(devicesOf({ ...given, claims: spread('spread/only') }).slice(0, 2)).toEqual(found)
    expect(devicesOf({ ...given, claims: spread('nic') }).slice(0, 2)).not.toEqual(found)
  })
})

describe('pools', () => {
  const gpuSlice = slices.find(({ spec }) => spec.driver === 'gpu.nvidia.com') as ResourceSlice
  const pool = (generation: number, resourceSliceCount: number, ...names: string[]): ResourceSlice => ({
    ...gpuSlice,
    spec: {
      ...gpuSlice.spec,
      pool: { name: 'node-a', generation, resourceSliceCount },
      devices: names.map((name) => ({ name })),
    },
  })
  const claims = wants(exactly('gpu', 'gpu.nvidia.com'))

  test('only the newest generation counts', ({ expect }) => {
    expect(devicesOf({ ...given, slices: [pool(1, 1, 'old'), pool(2, 1, 'new')], claims })).toEqual([
      'gpu:new',
    ])
  })

  test('an incomplete pool is ignored and reported in the message', ({ expect }) => {
    expect(messageOf({ ...given, slices: [pool(1, 1, 'old'), pool(2, 2, 'new')], claims })).toContain(
      'pool node-a of gpu.nvidia.com is incomplete and is ignored',
    )
  })

  test('a pool with a duplicate device is rejected', ({ expect }) => {
    expect(() => allocate({ ...given, slices: [pool(1, 1, 'a', 'a')], claims })).toThrow(
      /lists device a twice/,
    )
  })
})

describe('features that the allocator does not support are rejected', () => {
  const claims = wants(exactly('gpu', 'gpu.nvidia.com'))
  const withDevice = (device: object) =>
    slices.map((slice) => ({ ...slice, spec: { ...slice.spec, devices: [{ name: 'd', ...device }] } }))
  const refused = (found: string) => expect.objectContaining({ code: 'ALLOCATION_UNSUPPORTED', found })

  test.for([
    [
      'counters of a partitionable device',
      withDevice({ consumesCounters: [{ counterSet: 'c' }] }),
      'consumesCounters',
    ],
    ['a shared device', withDevice({ allowMultipleAllocations: true }), 'allowMultipleAllocations'],
    ['binding conditions', withDevice({ bindingConditions: ['x'] }), 'bindingConditions'],
    [
      'a node selector',
      slices.map((slice) => ({ ...slice, spec: { ...slice.spec, nodeSelector: {} } })),
      'nodeSelector',
    ],
  ] as const)('in slices: %s', ([, unknown, field]) => {
    expect(() => allocate({ ...given, slices: unknown, claims })).toThrow(refused(field))
  })

  test('in claims: capacity requests', () => {
    const capacity = wants(exactly('gpu', 'gpu.nvidia.com', { capacity: { requests: { memory: '1Gi' } } }))
    expect(() => allocate({ ...given, claims: capacity })).toThrow(refused('capacity'))
  })
})

describe('errors other than CLAIM_UNSATISFIABLE', () => {
  test('a missing DeviceClass, with the most similar name', ({ expect }) => {
    expect(() => allocate({ ...given, claims: wants(exactly('gpu', 'gpu.nvidia.con')) })).toThrow(
      expect.objectContaining({ code: 'DEVICE_CLASS_MISSING', hint: 'Did you mean "gpu.nvidia.com"?' }),
    )
  })

  test('a selector that fails on a device fails the claim, and names the node', ({ expect }) => {
    const claims = wants(exactly('nic', 'dranet.net', {}, 'device.attributes["dra.net"]["numaNode"] == 0'))
    expect(() => allocate({ ...given, claims })).toThrow(
      expect.objectContaining({
        code: 'CEL_RUNTIME',
        message: expect.stringMatching(/^node node-a: request "nic" of claim c .* device cni0 of dra\.net/),
      }),
    )
  })

  test('selectors are not evaluated on a device in use, so they cannot fail on it', ({ expect }) => {
    const claims = wants(exactly('nic', 'dranet.net', {}, 'device.attributes["dra.net"]["numaNode"] == 0'))
    const allocated = ['cni0', 'pci-0000-00-03-0'].map((device) => ({
      driver: 'dra.net',
      pool: 'node-a',
      device,
      holder: 'pod x',
    }))
    expect(devicesOf({ ...given, nodes: ['node-a'], claims, allocated })).toEqual(['nic:pci-0101-00-00-0'])
  })

  test('a selector that does not compile', ({ expect }) => {
    const claims = wants(exactly('nic', 'dranet.net', {}, 'device.'))
    expect(() => allocate({ ...given, claims })).toThrow(expect.objectContaining({ code: 'CEL_INVALID' }))
  })

  test('a search that takes too many steps is aborted', ({ expect }) => {
    const claims = wants(exactly('nic', 'dranet.net', { count: 8 }, rdma))
    expect(() => allocate({ ...given, claims, stepLimit: 7 })).toThrow(
      expect.objectContaining({ code: 'ALLOCATION_TOO_COMPLEX' }),
    )
    expect(devicesOf({ ...given, claims, stepLimit: 8 })).toHaveLength(8)
  })
})
