/** The transport proof and its violations, computed from the counters of a real transfer. */
import { expect, test } from 'vitest'
import { fellBack, nicsOfStream, proveTransport } from '../../harness/measure/transport-proof.ts'
import type { TransferResult } from '../../harness/transfer/result.ts'
import { growing, recorded } from './recorded-outcome.ts'

/** Payload bytes of one NIC in the recorded transfer. */
const SHARE = 10_737_408

async function prove(change?: (result: TransferResult) => TransferResult, nics?: number, emulated = true) {
  const { outcome, rack } = await recorded({
    ...(change === undefined ? {} : { change }),
    ...(nics === undefined ? {} : { nics }),
  })
  return proveTransport(outcome, rack.sku, emulated)
}

const faultsOf = async (...args: Parameters<typeof prove>): Promise<string[]> =>
  (await prove(...args)).faults.map(({ nic, direction, bytes }) => `${nic} ${direction} ${bytes}`)

test('the recorded transfer is proved: each claimed NIC carried its share, and eth0 almost nothing', async () => {
  const proof = await prove()
  expect(proof.faults).toEqual([])
  expect(fellBack(proof)).toBeUndefined()
  const claimed = proof.loads.filter((load) => load.claimed)
  expect(claimed.map(({ nic, direction }) => `${nic} ${direction}`)).toEqual([
    ...[0, 1, 2, 3].map((n) => `node-b/mlx5_${n} sent`),
    ...[0, 1, 2, 3].map((n) => `node-a/mlx5_${n} received`),
  ])
  for (const load of claimed) {
    expect(load.expected).toBe(SHARE)
    expect(load.bytes / SHARE).toBeGreaterThan(1)
    expect(load.bytes / SHARE).toBeLessThan(1.01)
  }
  expect(proof.loads.filter((load) => !load.claimed).map(({ nic }) => nic)).toEqual([
    'node-b/eth0',
    'node-a/eth0',
  ])
})

test.for([
  ['idle', 0, ['node-b/mlx5_2 sent 0']],
  ['at 89 %', 0.89 * SHARE, [`node-b/mlx5_2 sent ${0.89 * SHARE}`]],
  ['at 91 %', 0.91 * SHARE, []],
  ['at 111 %', 1.11 * SHARE, [`node-b/mlx5_2 sent ${1.11 * SHARE}`]],
  ['with a counter that ran backwards', -5, ['node-b/mlx5_2 sent 0']],
] as const)('a claimed NIC %s', async ([, grown, faults]) => {
  expect(await faultsOf(growing('rdma2', grown))).toEqual(faults)
})

test('an idle NIC and the NIC that carried its bytes are both named, the worst first', async () => {
  const change = (result: TransferResult) =>
    growing('rdma1', 0, 'target_nics')(growing('rdma3', 2.5 * SHARE, 'target_nics')(result))
  expect(await faultsOf(change)).toEqual([
    `node-a/mlx5_3 received ${2.5 * SHARE}`,
    'node-a/mlx5_1 received 0',
  ])
})

test('a claimed NIC without counters is not proved', async () => {
  expect(
    await faultsOf((result) => ({ ...result, nics: result.nics.filter(({ name }) => name !== 'rdma0') })),
  ).toEqual(['node-b/mlx5_0 sent 0'])
})

test.for([
  ['below 1 %', 0.009, 0],
  ['above 1 %', 0.011, 1],
  ['with everything', 1, 1],
] as const)('eth0 carrying %s of what moved', async ([, share, faults]) => {
  const proof = await prove((result) => growing('eth0', share * result.moved_bytes)(result))
  expect(proof.faults.length).toBe(faults)
  expect(fellBack(proof)?.nic).toBe(faults === 0 ? undefined : 'node-b/eth0')
})

test('bytes on an unclaimed NIC are a fallback too, whatever the binary reports', async () => {
  const proof = await prove((result) => ({
    ...result,
    nics: result.nics.map((counter) =>
      counter.name === 'rdma3' ? { ...counter, name: 'rdma7', role: 'claimed' as const } : counter,
    ),
  }))
  expect(fellBack(proof)?.nic).toBe('node-b/rdma7')
  expect(proof.faults.map(({ nic }) => nic)).toContain('node-b/mlx5_3')
})

test('a READ is proved in the other direction', async () => {
  const swapped = (result: TransferResult): TransferResult => ({
    ...result,
    op: 'READ',
    nics: result.target_nics,
    target_nics: result.nics,
  })
  const proof = await prove(swapped)
  expect(proof.faults).toEqual([])
  expect(new Set(proof.loads.map(({ nic, direction }) => `${nic.split('/')[0]} ${direction}`))).toEqual(
    new Set(['node-b received', 'node-a sent']),
  )
  // The counters of a WRITE do not prove a READ.
  expect((await prove((result) => ({ ...result, op: 'READ' }))).faults.length).toBe(8)
})

test("an RDMA device's counters are used where its interface counts nothing, and are not added to it", async () => {
  const idle = growing('rdma1', 0)
  const withRdma = (result: TransferResult): TransferResult => {
    const busy = result.nics.find(({ name }) => name === 'rdma0')
    if (busy === undefined) throw new Error('the recorded transfer has an rdma0')
    const { nics } = idle(result)
    const extra = ['mlx5_0', 'mlx5_1'].map((name) => ({ ...busy, name, kind: 'rdma' as const }))
    return { ...result, nics: [...nics, ...extra] }
  }
  expect(await faultsOf(idle)).toEqual(['node-b/mlx5_1 sent 0'])
  expect(await faultsOf(withRdma)).toEqual([])
})

test('streams share NICs if there are fewer NICs than streams, in the order of PCI addresses', async () => {
  const { outcome } = await recorded({ nics: 2 })
  const names = (stream: number): string[] =>
    nicsOfStream(outcome.initiator, stream, 4).map(({ ifName }) => ifName ?? '')
  expect([0, 1, 2, 3].map(names)).toEqual([['rdma0'], ['rdma1'], ['rdma0'], ['rdma1']])
  expect(
    (await prove(undefined, 2)).loads.filter(({ claimed }) => claimed).map(({ expected }) => expected),
  ).toEqual(Array(4).fill(2 * SHARE))
})

test('spare NICs are assigned as additional rails', async () => {
  const { outcome } = await recorded()
  const names = (stream: number): string[] =>
    nicsOfStream(outcome.initiator, stream, 2).map(({ ifName }) => ifName ?? '')
  expect([names(0), names(1)]).toEqual([
    ['rdma0', 'rdma2'],
    ['rdma1', 'rdma3'],
  ])
})

/** The recorded transfer as ConnectX would have moved it in a pod: by RDMA, which the interfaces do not count. */
const byRdma = (result: TransferResult): TransferResult => {
  const idle = ['rdma0', 'rdma1', 'rdma2', 'rdma3'].reduce(
    (grown, name) => growing(name, 0, 'target_nics')(growing(name, 0)(grown)),
    result,
  )
  return {
    ...idle,
    streams: idle.streams.map((stream, index) => ({ ...stream, transport: `rc_mlx5/mlx5_${index}:1` })),
  }
}

test('without counters, the RDMA devices that UCX names prove the figures, and the NICs are listed as uncounted', async () => {
  const proof = await prove(byRdma, undefined, false)
  expect(proof.faults).toEqual([])
  expect(proof.uncounted).toEqual([
    ...[0, 1, 2, 3].map((n) => `node-b/mlx5_${n}`),
    ...[0, 1, 2, 3].map((n) => `node-a/mlx5_${n}`),
  ])
})

test('a stream over another device than the claimed ones is a fallback, whatever the counters say', async () => {
  for (const transport of ['tcp/rdma0', 'cma/memory', 'rc_mlx5/mlx5_7:1']) {
    const change = (result: TransferResult): TransferResult => ({
      ...byRdma(result),
      streams: byRdma(result).streams.map((stream, index) =>
        index === 2 ? { ...stream, transport } : stream,
      ),
    })
    const proof = await prove(change, undefined, false)
    expect(fellBack(proof)?.nic).toBe(`node-b, stream 2 over ${transport}`)
  }
})

test('a stream whose transport UCX did not name needs counters', async () => {
  const proof = await prove(
    (result) => ({
      ...byRdma(result),
      streams: byRdma(result).streams.map((stream) => ({ ...stream, transport: null })),
    }),
    undefined,
    false,
  )
  expect(proof.uncounted).toBeUndefined()
  expect(proof.faults.length).toBe(8)
})

test('bytes of an interface are no proof of RDMA where no stream names a transport, as with LIBFABRIC', async () => {
  const overTcp = (result: TransferResult): TransferResult => ({
    ...result,
    backend: 'LIBFABRIC',
    streams: result.streams.map((stream) => ({ ...stream, transport: null })),
  })
  const proof = await prove(overTcp, undefined, false)
  expect(proof.faults.map(({ nic, bytes }) => [nic, bytes])).toEqual([
    ...[0, 1, 2, 3].map((n) => [`node-b/mlx5_${n}`, 0]),
    ...[0, 1, 2, 3].map((n) => [`node-a/mlx5_${n}`, 0]),
  ])
  const counted = await prove((result) => overTcp(countedRdma(result)), undefined, false)
  expect(counted.faults).toEqual([])
})

test('a counter that contradicts UCX is a fault', async () => {
  const contradicting = (result: TransferResult): TransferResult => {
    const moved = byRdma(result)
    const [nic] = moved.nics
    if (nic === undefined) throw new Error('the recorded transfer has NICs')
    const still = { tx_bytes_before: 7, tx_bytes_after: 7, rx_bytes_before: 7, rx_bytes_after: 7 }
    const source = 'rdma-statistics' as const
    return { ...moved, nics: [...moved.nics, { ...nic, ...still, name: 'mlx5_1', kind: 'rdma', source }] }
  }
  const { faults } = await prove(contradicting, undefined, false)
  expect(faults.map(({ nic, source }) => `${nic} ${source}`)).toEqual(['node-b/mlx5_1 rdma-statistics'])
})

/** The recorded transfer by RDMA devices whose bytes are counted. */
const countedRdma = (result: TransferResult): TransferResult => {
  const asDevices = (nics: TransferResult['nics']): TransferResult['nics'] =>
    nics.map((nic) =>
      nic.name.startsWith('rdma')
        ? { ...nic, name: nic.name.replace('rdma', 'mlx5_'), kind: 'rdma', source: 'rdma-statistics' }
        : nic,
    )
  const streams = result.streams.map((stream, index) => ({
    ...stream,
    transport: `rc_mlx5/mlx5_${index}:1`,
  }))
  return { ...result, streams, nics: asDevices(result.nics), target_nics: asDevices(result.target_nics) }
}

test("bytes of other tenants on a node's NICs are no fallback where the claimed RDMA NICs carried all of ours", async () => {
  const busy = (result: TransferResult): TransferResult => growing('eth0', 3 * SHARE)(result)
  const proof = await prove((result) => busy(countedRdma(result)), undefined, false)
  expect(proof.faults).toEqual([])
  expect(proof.loads.filter(({ claimed }) => claimed).map(({ source }) => source)).toEqual(
    Array(8).fill('rdma-statistics'),
  )
  const short = await prove((result) => growing('mlx5_1', 0)(busy(countedRdma(result))), undefined, false)
  expect(short.faults.map(({ nic }) => nic)).toEqual(['node-b/eth0', 'node-b/mlx5_1'])
})
