/** Links between GPUs of one node: the figures of a pair, and the proof of the path that its bytes took. */
import { expect, test } from 'vitest'
import { bytes } from '../../harness/core/units.ts'
import { measureLinkArm } from '../../harness/measure/link-round.ts'
import { loadSku } from '../../harness/sku/sku.ts'
import type { TransferOutcome } from '../../harness/transfer/transfer-outcome.ts'
import type { TransferResult } from '../../harness/transfer/result.ts'
import { PROJECT } from '../support/run-suite.ts'

const sku = loadSku(`${PROJECT}/fixtures/skus/h200x2.yaml`)
const GIB = 2 ** 30
const stream = (transport: string | null) => ({
  stream: 0,
  device: 'cuda:0',
  nics: [],
  target_device: 'cuda:1',
  target_nics: [],
  bytes: GIB,
  avg_seconds: 0.0027,
  p50_seconds: 0.0027,
  samples_seconds: [0.0027],
  transport,
})

function outcome(transports: readonly (string | null)[], nics: TransferResult['nics'] = []): TransferOutcome {
  const end = { node: 'node', allocated: { name: 'claim', node: 'node', gpus: [], nics: [] } }
  const total = GIB * transports.length
  const result = {
    op: 'READ',
    total_bytes: total,
    avg_seconds: 0.0027,
    streams: transports.map(stream),
    nics,
    target_nics: [],
    moved_bytes: total * 3,
  } as unknown as TransferResult
  return { result, initiator: end, target: end, phases: {} as TransferOutcome['phases'] }
}
const two = {
  turn: 1,
  gpus: 2,
  op: 'READ' as const,
  size: bytes(GIB),
  arms: {
    linked: { path: 'gpu-links' as const },
    staged: { path: 'host-memory' as const },
    both: { path: 'gpu-links' as const, bothWays: true as const },
  },
}

test('the bandwidth is that of one pair, however many pairs transfer at once', () => {
  const one = measureLinkArm({ arm: 'linked', round: 0, outcome: outcome(['cuda_ipc/cuda']) }, two, sku)
  const four = measureLinkArm(
    { arm: 'linked', round: 0, outcome: outcome(Array(4).fill('cuda_ipc/cuda')) },
    two,
    sku,
  )
  expect(one.bandwidth).toBeCloseTo(GIB / 0.0027 / 1e9)
  expect(four.bandwidth).toBeCloseTo(one.bandwidth)
  expect(one.streams).toMatchObject([{ path: 'gpu-0 - gpu-1' }])
  expect(one.transport.faults).toEqual([])
})

test('the bandwidth of a pair that sends both ways is that of both directions together', () => {
  const both = measureLinkArm(
    { arm: 'both', round: 0, outcome: outcome(['cuda_ipc/cuda', 'cuda_ipc/cuda']) },
    two,
    sku,
  )
  expect(both.bandwidth).toBeCloseTo((2 * GIB) / 0.0027 / 1e9)
  expect(both.streams).toMatchObject([{ path: 'gpu-0 - gpu-1' }, { path: 'gpu-1 - gpu-0' }])
})

test.for([
  ['linked', 'tcp/lo', 'gpu-0 - gpu-1 over tcp/lo'],
  ['linked', null, 'gpu-0 - gpu-1 over a transport that UCX did not name'],
  ['staged', 'cuda_ipc/cuda', 'gpu-0 - gpu-1 over cuda_ipc/cuda'],
  ['staged', null, 'gpu-0 - gpu-1 over a transport that UCX did not name'],
] as const)('%s by %s is no figure of that arm', ([arm, transport, nic]) => {
  const { transport: proof } = measureLinkArm({ arm, round: 0, outcome: outcome([transport]) }, two, sku)
  expect(proof.faults).toMatchObject([{ nic, claimed: false, bytes: 3 * GIB }])
})

test.for([
  [2 * GIB, 'no figure of a link', 1],
  [2 ** 20, "the machine's own traffic", 0],
] as const)('%i bytes by an interface are %s', ([received, , faults]) => {
  const name = 'eth0'
  const counters = { name, kind: 'interface', role: 'other', tx_bytes_before: 0, rx_bytes_before: 0 } as const
  const nics = [{ ...counters, tx_bytes_after: 0, rx_bytes_after: received }]
  const { transport: proof } = measureLinkArm(
    { arm: 'linked', round: 0, outcome: outcome(['cuda_ipc/cuda'], nics) },
    two,
    sku,
  )
  expect(proof.faults.map(({ nic }) => nic)).toEqual(Array(faults).fill('node/eth0'))
})
