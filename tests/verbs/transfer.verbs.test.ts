/** Bytes that move by RDMA, over one and several NICs. */
import { expect } from 'vitest'
import type { NicCounters, RdmaPort, TransferResult } from '../../harness/transfer/result.ts'
import { SEVERAL_DEVICES, transfer } from '../support/verbs-vm/transfer-pair.ts'
import type { Rails, Side } from '../support/verbs-vm/rails.ts'
import { test } from './verbs-test.ts'

test('a kernel whose Soft-RoCE knows network namespaces runs', ({ vm }) => {
  expect(Number(vm.kernelRelease.split('.')[0])).toBeGreaterThanOrEqual(7)
})

test.for([
  { nics: [0, 1, 2, 3], streams: 4, op: 'WRITE' },
  { nics: [0, 1, 2, 3], streams: 2, op: 'READ' },
])('$op: $streams streams over NICs $nics', async ({ nics, streams, op }, { rails }) => {
  const devices = Array.from({ length: streams }, (_, index) => `dram:${index}`).join(',')
  const { left, right } = await transfer(rails, {
    over: nics,
    args: { devices, op },
    left: SEVERAL_DEVICES,
    right: SEVERAL_DEVICES,
  })
  expect(right.stdout).toContain('END {}')
  const result = left.log.result()
  expect(result.verified_bytes).toBe(result.total_bytes)
  const named = (side: Side): readonly string[] => nics.map((rail) => rails.device(side, rail))
  expect(result.streams.flatMap((stream) => stream.nics).sort()).toEqual(named('left'))
  for (const { nics: own, transport } of result.streams)
    for (const nic of own) expect(transport).toContain(`rc_verbs/${nic}:1`)
  for (const [side, all] of [
    ['left', result.nics],
    ['right', result.target_nics],
  ] as const) {
    // sysfs has no counters in a pod; the kernel's RDMA statistics do count.
    const counted = all.filter(({ kind }) => kind === 'rdma')
    expect(counted.map(({ name }) => name).sort()).toEqual(named(side))
    for (const nic of counted) {
      expect(nic).toMatchObject({ role: 'claimed', source: 'rdma-statistics' })
      const bytes = (side === 'left') === (op === 'WRITE') ? sentBytes(nic) : receivedBytes(nic)
      expect(bytes / (result.moved_bytes / nics.length), nic.name).toBeGreaterThan(0.99)
    }
  }
  const ports = portsOf(result)
  expect(ports.map(({ device }) => device)).toEqual([...named('left'), ...named('right')])
  for (const port of ports)
    expect(port).toMatchObject({
      link_layer: 'Ethernet',
      state: '4: ACTIVE',
      rdma_mtu: 4096,
      gid_type: 'RoCE v2',
      gid: expect.stringMatching(/^::ffff:10\.0\.\d\.[12]$/),
    })
})

test('loss, damage and a low MTU leave the bytes whole, and the ports name them', async ({
  rails,
  onTestFinished,
}) => {
  const disturbances = [
    'tc qdisc add dev nic0 root netem loss 1%',
    'tc qdisc add dev nic1 root netem corrupt 1%',
    'tc qdisc add dev nic2 root netem loss 0.1%',
    'ip link set nic3 mtu 1500',
  ]
  for (const command of disturbances) await rails.onNode('left', command)
  onTestFinished(async () => {
    for (const nic of ['nic0', 'nic1', 'nic2']) await rails.onNode('left', `tc qdisc del dev ${nic} root`)
    await rails.onNode('left', 'ip link set nic3 mtu 4200')
  })
  const { left } = await transfer(rails, {
    args: { 'block-size': 8_388_608 },
    left: SEVERAL_DEVICES,
    right: SEVERAL_DEVICES,
  })
  const result = left.log.result()
  expect(result.verified_bytes).toBe(result.total_bytes)
  expect(result.corrupt).toEqual([])
  expect(result.ports?.map(({ rdma_mtu: mtu }) => mtu)).toEqual([4096, 4096, 4096, 1024])
  expect(result.target_ports?.map(({ rdma_mtu: mtu }) => mtu)).toEqual([4096, 4096, 4096, 4096])
  const retransmitted = [0, 1, 2].map((rail) => retransmissions(result, rails, rail) > 0)
  const dropped = [0, 1, 2].map(async (rail) => {
    const shown = await rails.onNode('left', `tc -s qdisc show dev nic${rail}`)
    // A damaged packet counts as sent; the far end drops it.
    return rail === 1 || Number(/dropped (\d+)/.exec(shown)?.[1]) > 0
  })
  expect(retransmitted).toEqual(await Promise.all(dropped))
})

const sentBytes = ({ tx_bytes_before: before, tx_bytes_after: after }: NicCounters): number => after - before
const receivedBytes = ({ rx_bytes_before: before, rx_bytes_after: after }: NicCounters): number =>
  after - before

const portsOf = ({ ports = [], target_ports: targets = [] }: TransferResult): readonly RdmaPort[] => [
  ...ports,
  ...targets,
]

/** What the counters of retransmissions grew by at both ends of a rail. */
function retransmissions(result: TransferResult, rails: Rails, rail: number): number {
  const ends = new Set((['left', 'right'] as const).map((side) => rails.device(side, rail)))
  const counters = portsOf(result).flatMap((port) => (ends.has(port.device) ? port.counters : []))
  return counters
    .filter(({ kind }) => kind === 'retransmission')
    .reduce((sum, { before, after }) => sum + after - before, 0)
}
