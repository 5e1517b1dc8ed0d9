/** Retransmissions that RDMA ports count: the verdict, and what failures and noise say of them. */
import { expect, test } from 'vitest'
import { bytes } from '../../harness/core/units.ts'
import { Arm } from '../../harness/expect/arm.ts'
import { fabricHints } from '../../harness/expect/fabric-hints.ts'
import { judgeRetransmissions } from '../../harness/expect/judge-retransmissions.ts'
import { measureArm, type ArmRound } from '../../harness/measure/arm-round.ts'
import { looksFor } from '../../harness/measure/sequential-looks.ts'
import type { RdmaPort, TransferResult } from '../../harness/transfer/result.ts'
import { recorded } from '../measure/recorded-outcome.ts'

interface Seen {
  readonly retransmissions?: number
  readonly congestion?: number
  readonly mtu?: number
}

const portOf = (
  device: string,
  { retransmissions = 0, congestion = 0, mtu = 4096 }: Seen = {},
): RdmaPort => ({
  device,
  link_layer: 'Ethernet',
  state: '4: ACTIVE',
  rate_gbps: 400,
  rdma_mtu: mtu,
  gid: '::ffff:10.0.0.1',
  gid_index: 3,
  gid_type: 'RoCE v2',
  counters: [
    { name: 'packet_seq_err', kind: 'retransmission', before: 4, after: 4 + retransmissions },
    { name: 'np_cnp_sent', kind: 'congestion', before: 0, after: congestion },
  ],
})

const DEVICES = ['mlx5_0', 'mlx5_1', 'mlx5_2', 'mlx5_3']
const healthy = DEVICES.map((device) => portOf(device))

/** An arm whose only transfer had these ports at the initiator. */
async function armOf(ports: readonly RdmaPort[] | undefined): Promise<{ arm: Arm; round: ArmRound }> {
  const change = (result: TransferResult): TransferResult =>
    ports === undefined ? result : { ...result, ports: [...ports], target_ports: healthy }
  const { outcome, rack } = await recorded({ change })
  const round = measureArm({ arm: 'aligned', round: 0, outcome }, rack.sku, undefined)
  const rounds = [{ index: 0, arms: { aligned: round } }]
  const source = {
    looks: looksFor(2),
    emulated: false,
    nodes: undefined,
    rounds,
    planned: () => ({ memory: 'gpu' as const, size: bytes(2 ** 30) }),
    atLeast: () => Promise.resolve(rounds),
  }
  return { arm: new Arm(source, 'aligned'), round }
}

test('passes where every claimed NIC has a counter and none grew', async () => {
  const { arm } = await armOf(healthy)
  expect(await judgeRetransmissions(arm)).toMatchObject({ verdict: 'passed', measured: '0 retransmissions' })
})

test('fails naming NIC, counter and round', async () => {
  const { arm } = await armOf(healthy.with(2, portOf('mlx5_2', { retransmissions: 7 })))
  const judged = await judgeRetransmissions(arm)
  expect(judged).toMatchObject({ verdict: 'failed', code: 'RETRANSMISSIONS', measured: '7 retransmissions' })
  expect(judged.reasons).toEqual([
    expect.stringMatching(/^node-b\/mlx5_2 counted 7 more of packet_seq_err \(round 1\)/),
  ])
})

test('congestion alone is no retransmission', async () => {
  const { arm } = await armOf(healthy.with(0, portOf('mlx5_0', { congestion: 90 })))
  expect((await judgeRetransmissions(arm)).verdict).toBe('passed')
})

test.for([
  ['no port was read', undefined],
  ['one NIC has no such counter', healthy.with(1, { ...portOf('mlx5_1'), counters: [] })],
] as const)('is inconclusive where %s', async ([, ports]) => {
  const { arm } = await armOf(ports)
  const judged = await judgeRetransmissions(arm)
  expect(judged).toMatchObject({ verdict: 'inconclusive', code: 'TRANSPORT_UNPROVEN' })
  expect(judged.reasons[0]).toContain('node-b/mlx5_1')
})

test('a failure names retransmissions, congestion and a low MTU as possible causes', async () => {
  const { round } = await armOf(
    healthy
      .with(2, portOf('mlx5_2', { retransmissions: 7, congestion: 3 }))
      .with(3, portOf('mlx5_3', { mtu: 1024 })),
  )
  expect(fabricHints([round])).toEqual([
    expect.stringContaining('retransmission counters that grew: node-b/mlx5_2 packet_seq_err +7'),
    expect.stringContaining('congestion counters that grew: node-b/mlx5_2 np_cnp_sent +3'),
    expect.stringContaining('The RDMA MTU is below 4096 bytes: node-b/mlx5_3 1024'),
  ])
})
