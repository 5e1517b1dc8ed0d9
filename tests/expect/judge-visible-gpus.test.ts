/** GPUs that a container sees, and the links of each GPU and of each pair. */
import { expect, test } from 'vitest'
import { judgeGpus } from '../../harness/expect/judge-visible-gpus.ts'
import { loadSku, type Sku } from '../../harness/sku/sku.ts'
import type { ClaimedPods } from '../../harness/transfer/pod-set.ts'
import { visibleDevicesSchema } from '../../harness/transfer/visible-devices.ts'
import { PROJECT } from '../support/run-suite.ts'

const known = loadSku(`${PROJECT}/fixtures/skus/h200x2.yaml`)
const addressOf = (gpu: number): string => `0000:0${gpu}:00.0`
const nameOf = (gpu: number): string => `gpu-${gpu}`

/** A node of GPUs, of which these pairs are linked. */
function skuWith(
  count: number,
  links: number | undefined,
  pairs: readonly (readonly [number, number, number])[],
): Sku {
  const { links: _, ...gpu } = known.gpu
  return {
    ...known,
    gpu: {
      ...gpu,
      ...(links === undefined ? {} : { links }),
      ...(pairs.length === 0
        ? {}
        : { linkPairs: pairs.map(([a, b, own]) => ({ between: [nameOf(a), nameOf(b)], links: own })) }),
    },
    gpus: Array.from({ length: count }, (_one, gpu) => ({
      name: nameOf(gpu),
      pciBusID: addressOf(gpu),
      numaNode: 0,
    })),
  }
}

interface Seen {
  readonly nvlinks: number | null
  /** Links by GPU; undefined: the driver does not say where links lead. */
  readonly ends?: Readonly<Record<number, number>>
  readonly peers: readonly number[]
}

const judge = (sku: Sku, seen: readonly Seen[], further: object = {}) => {
  const visible = visibleDevicesSchema.parse({
    infiniband: [],
    interfaces: [],
    gpus: seen.map(({ nvlinks, ends, peers }, gpu) => ({
      pci_address: addressOf(gpu),
      nvlinks,
      ...(ends === undefined
        ? {}
        : {
            nvlink_peers: Object.entries(ends).map(([peer, links]) => ({
              pci_address: addressOf(Number(peer)),
              links,
            })),
          }),
      peers: peers.map(addressOf),
    })),
    ...further,
  })
  const allocated = {
    gpus: sku.gpus.map(({ name, pciBusID }) => ({ name, pciAddress: pciBusID })),
    nics: [],
  } as unknown as Awaited<ReturnType<ClaimedPods['look']>>[number]['allocated']
  return judgeGpus({
    sku,
    emulated: false,
    claims: async () => [allocated],
    look: async () => [{ node: 'n', container: 'main', allocated, visible }],
  })
}

const bridges = skuWith(4, 12, [
  [0, 1, 12],
  [2, 3, 12],
])
const mesh = skuWith(4, 18, [
  [0, 1, 6],
  [0, 2, 6],
  [0, 3, 6],
  [1, 2, 6],
  [1, 3, 6],
  [2, 3, 6],
])
const others = (gpu: number): number[] => [0, 1, 2, 3].filter((other) => other !== gpu)
const meshed = (gpu: number, missing?: number): Seen => ({
  nvlinks: missing === undefined ? 18 : 17,
  ends: Object.fromEntries(others(gpu).map((other) => [other, other === missing ? 5 : 6])),
  peers: others(gpu),
})

test('bridged pairs: GPUs of different pairs need not reach each other', async () => {
  const bridged = (other: number): Seen => ({ nvlinks: 12, ends: { [other]: 12 }, peers: [other] })
  expect(await judge(bridges, [bridged(1), bridged(0), bridged(3), bridged(2)])).toMatchObject({
    verdict: 'passed',
  })
})

test('a dead bridge: both GPUs and the pair are named', async () => {
  const alone: Seen = { nvlinks: 0, ends: {}, peers: [] }
  const bridged = (other: number): Seen => ({ nvlinks: 12, ends: { [other]: 12 }, peers: [other] })
  expect(await judge(bridges, [alone, alone, bridged(3), bridged(2)])).toMatchObject({
    verdict: 'failed',
    code: 'TOPOLOGY_MISMATCH',
    reasons: [
      'container main on n: the GPU at 0000:00:00.0 has 0 active NVLinks; the SKU states 12',
      'container main on n: the GPU at 0000:01:00.0 has 0 active NVLinks; the SKU states 12',
      'container main on n: the GPUs at 0000:00:00.0 and 0000:01:00.0 have 0 active NVLinks between them; the SKU states 12',
      'container main on n: the GPU at 0000:00:00.0 cannot reach the memory of 0000:01:00.0',
      'container main on n: the GPU at 0000:01:00.0 cannot reach the memory of 0000:00:00.0',
    ],
  })
})

test('a wired mesh has 6 links of each pair and 18 of each GPU', async () => {
  expect(await judge(mesh, [meshed(0), meshed(1), meshed(2), meshed(3)])).toMatchObject({ verdict: 'passed' })
})

test('a dead link in a mesh names its pair', async () => {
  const { reasons } = await judge(mesh, [meshed(0), meshed(1, 3), meshed(2), meshed(3, 1)])
  expect(reasons).toContain(
    'container main on n: the GPUs at 0000:01:00.0 and 0000:03:00.0 have 5 active NVLinks between them; the SKU states 6',
  )
  expect(reasons).toHaveLength(3)
})

test('links of GPUs that differ: each has the sum of its pairs', async () => {
  const odd = skuWith(3, undefined, [[0, 1, 4]])
  const ends: readonly Seen[] = [
    { nvlinks: 4, peers: [1] },
    { nvlinks: 4, peers: [0] },
    { nvlinks: 0, peers: [] },
  ]
  expect(await judge(odd, ends)).toMatchObject({ verdict: 'passed' })
  expect((await judge(odd, [{ nvlinks: 3, peers: [1] }, ...ends.slice(1)])).reasons).toEqual([
    'container main on n: the GPU at 0000:00:00.0 has 3 active NVLinks; the SKU states 4',
  ])
})

test('through a switch every GPU reaches every other; IMEX channels of a ComputeDomain are no GPUs', async () => {
  const nvl = skuWith(2, 18, [])
  const seen: readonly Seen[] = [
    { nvlinks: 18, ends: { 9: 18 }, peers: [1] },
    { nvlinks: 18, ends: { 9: 18 }, peers: [0] },
  ]
  const imex = { imex: ['/dev/nvidia-caps-imex-channels/chan0', '/imexd'] }
  expect(await judge(nvl, seen, imex)).toMatchObject({ verdict: 'passed' })
  expect((await judge(nvl, [{ ...(seen[0] as Seen), nvlinks: 17 }, seen[1] as Seen])).reasons).toEqual([
    'container main on n: the GPU at 0000:00:00.0 has 17 active NVLinks; the SKU states 18',
  ])
})

test('AMD GPUs are seen through their render nodes', async () => {
  const sku: Sku = { ...skuWith(2, undefined, []), gpu: { ...known.gpu, links: 0, vendor: 'amd' } }
  const node = (gpu: number, more: object = {}) => ({
    path: `/dev/dri/renderD${128 + gpu}`,
    pci_address: addressOf(gpu),
    vendor: '0x1002',
    open_error: null,
    ...more,
  })
  const seeing = (...render_nodes: object[]) => judge(sku, [], { gpu_error: 'libcuda.so.1', render_nodes })
  expect(await seeing(node(0), node(1), node(7, { vendor: '0x1a03' }))).toMatchObject({ verdict: 'passed' })
  expect((await seeing(node(0))).reasons).toEqual([
    'container main on n does not see gpu-1 (0000:01:00.0), which is claimed',
  ])
  expect(await seeing(node(0), node(1), node(2))).toMatchObject({
    code: 'DEVICE_LEAK',
    reasons: ['container main on n sees the GPU at 0000:02:00.0, which is not claimed'],
  })
  expect((await seeing(node(0), node(1, { open_error: 'Permission denied' }))).reasons).toEqual([
    'container main on n cannot open gpu-1 (0000:01:00.0), which is claimed: Permission denied',
  ])
})
