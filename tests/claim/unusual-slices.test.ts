/** Slices and profiles that do not fit: each message names the place, what was expected and found, and what to do. */
import { describe, test } from 'vitest'
import { resolveAllocation } from '../../harness/claim/allocated-claim.ts'
import { compareTopology } from '../../harness/claim/published-topology.ts'
import { readCompletePools } from '../../harness/claim/resource-pool-state.ts'
import { discover } from '../../harness/cli/discover.ts'
import { seconds } from '../../harness/core/units.ts'
import type { Device, ResourceClaim, ResourceSlice } from '../../harness/dra/objects.ts'
import { memoryInProfileUnits } from '../../harness/dra/quantity.ts'
import { parseResourceSlices } from '../../harness/dra/parse-slices.ts'
import { judgeMatch } from '../../harness/expect/judge-topology.ts'
import { loadSku, type Sku } from '../../harness/sku/sku.ts'
import { fieldSlices } from '../support/field-slices.ts'

const h100 = loadSku('fixtures/skus/h100x8.yaml')

const withDevices = (slices: readonly ResourceSlice[], change: (device: Device) => Device): ResourceSlice[] =>
  slices.map((slice) => ({
    ...slice,
    spec: { ...slice.spec, devices: (slice.spec.devices ?? []).map(change) },
  }))

/** A profile of the NICs of these slices; GPUs as in `gpus`. */
const profileOf = (change: Partial<Sku>): Sku => ({ ...h100, ...change })

describe('A slice', () => {
  test('without a generation is refused with its name and field', ({ expect }) => {
    const spec = { driver: 'dra.net', nodeName: 'n', pool: { name: 'n', resourceSliceCount: 1 } }
    expect(() => parseResourceSlices([{ metadata: { name: 'n-net' }, spec }], 'slices.json')).toThrow(
      expect.objectContaining({
        code: 'SLICE_INVALID',
        message: expect.stringMatching(
          /slices\.json items\[0\] \(n-net\) is invalid.*spec\.pool\.generation/s,
        ),
      }),
    )
  })

  test('with `devices: null` has no devices', ({ expect }) => {
    const pool = { name: 'n', generation: 1, resourceSliceCount: 1 }
    const [slice] = parseResourceSlices([
      { metadata: { name: 's' }, spec: { driver: 'dra.net', nodeName: 'n', pool, devices: null } },
    ])
    expect(slice?.spec).not.toHaveProperty('devices')
  })

  test('with an address twice is refused with both devices', ({ expect }) => {
    const slices = withDevices(fieldSlices('amd-mi300x'), (device) =>
      device.name === 'gpu-1'
        ? { ...device, attributes: { ...device.attributes, pciAddr: { string: '0001:00:00.0' } } }
        : device,
    )
    expect(() => discover(slices, 'here')).toThrow(
      /node node-a: PCI address 0001:00:00\.0 is published by 2 GPUs: expected one device for each address, found gpu-0 of pool node-a, driver gpu\.amd\.com and gpu-1/,
    )
  })
})

describe('A pool of which a slice is missing', () => {
  const slices = fieldSlices('pool-mid-update')
  const message =
    /pool node-a of driver gpu\.nvidia\.com is incomplete: expected 2 slices of generation 2, found 1 of generation 2 \(g2\)/

  test('is waited for', async ({ expect }) => {
    let reads = 0
    const complete = fieldSlices('kep6072-nps4-lists')
    const found = await readCompletePools(async () => (++reads === 1 ? slices : complete))
    expect(found).toBe(complete)
    expect(reads).toBe(2)
  })

  test('leaves the topology inconclusive after that time', async ({ expect }) => {
    const last = await readCompletePools(async () => slices, { within: seconds(0) })
    const published = {
      emulated: false,
      nodes: async () => ['node-a'],
      slices: async () => last,
      kernels: async () => [],
    }
    const [judged] = await judgeMatch(published, h100)
    expect(judged).toMatchObject({ verdict: 'inconclusive', code: 'POOL_INCOMPLETE' })
    expect(judged?.reasons.join()).toMatch(message)
  })

  test('backs no allocation', ({ expect }) => {
    expect(() => resolveAllocation(claimOf('gpu.nvidia.com', 'node-a', 'gpu-0'), slices)).toThrow(message)
  })
})

test('A device of a pool with a node selector backs no allocation, by the names of the fields', ({
  expect,
}) => {
  const claim = claimOf('gpu.nvidia.com', 'fabric-pool', 'gpu-7')
  expect(() => resolveAllocation(claim, fieldSlices('nodeselector-pool'))).toThrow(
    expect.objectContaining({
      code: 'ALLOCATION_UNSUPPORTED',
      message: expect.stringMatching(
        /device gpu-7 of pool fabric-pool.*found nodeSelector, devices\.bindsToNode/,
      ),
    }),
  )
})

describe('A profile', () => {
  test('of another vendor is told once, and not for every GPU', ({ expect }) => {
    const [vendor, ...others] = compareTopology(fieldSlices('amd-mi300x'), h100).filter(
      ({ kind }) => kind !== 'mtu' && kind !== 'rdma-device',
    )
    expect(vendor).toMatchObject({
      kind: 'vendor',
      expected: '8 of NVIDIA (driver gpu.nvidia.com), as SKU h100x8 says',
      found: expect.stringContaining('8 of AMD (driver gpu.amd.com); choose the profile of these nodes'),
    })
    expect(others).toEqual([])
  })

  test('that lists a NIC which is not there, or which underTest does not select, is told which', ({
    expect,
  }) => {
    const slices = fieldSlices('dranet-aks-uplink-child')
    const nic = { ...h100.nic, underTest: '!("ifName" in device.attributes["dra.net"])' }
    const nics = [
      { name: 'mlx5_9', pciAddress: '0109:00:00.0', numaNode: 0 },
      { name: 'mlx5_8', pciAddress: 'f628:00:02.0', numaNode: 0 },
    ]
    const mismatches = compareTopology(slices, profileOf({ nic, nics, gpus: [] }), ['vmss-0'])
    expect(mismatches).toContainEqual(
      expect.objectContaining({ kind: 'missing', device: 'mlx5_9 (0109:00:00.0)', found: 'not published' }),
    )
    expect(mismatches).toContainEqual(
      expect.objectContaining({
        kind: 'not-under-test',
        device: 'pci-f628-00-02-0, mlx5_8 (f628:00:02.0)',
        expected: 'selected by nic.underTest of the profile, since it lists the NIC',
      }),
    )
  })

  test('with an underTest that does not compile is refused with the position', ({ expect }) => {
    const nic = { ...h100.nic, underTest: 'device.attributes["dra.net"]["mtu" > 1500' }
    expect(() => compareTopology(fieldSlices('oci-h100-16nic'), profileOf({ nic }))).toThrow(
      expect.objectContaining({
        code: 'CEL_INVALID',
        message: expect.stringContaining('nic.underTest of SKU h100x8'),
      }),
    )
  })
})

test.for([
  ['80Gi', '80 GiB'],
  ['189471Mi', '189471 MiB'],
  ['85899345920', '80 GiB'],
  ['80G', '80 GB'],
  ['0', undefined],
  ['plenty', undefined],
] as const)('The published memory %s is %s in a profile', ([published, stated], { expect }) => {
  expect(memoryInProfileUnits(published)).toBe(stated)
})

const claimOf = (driver: string, pool: string, device: string): ResourceClaim => ({
  apiVersion: 'resource.k8s.io/v1',
  kind: 'ResourceClaim',
  metadata: { name: 'claim', uid: '1' },
  spec: { devices: { requests: [] } },
  status: { allocation: { devices: { results: [{ request: 'gpu', driver, pool, device }] } } },
})
