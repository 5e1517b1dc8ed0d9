/** Bytes that move by RDMA, over one and several NICs. */
import { expect } from 'vitest'
import type { NicCounters, RdmaPort, TransferResult } from '../../harness/transfer/result.ts'
import { SEVERAL_DEVICES, transfer } from '../support/verbs-vm/transfer-pair.ts'
import type { Rails } from '../support/verbs-vm/rails.ts'
import { test } from './verbs-test.ts'

test('a kernel whose Soft-RoCE knows network namespaces runs', ({ vm }) => {
  expect(Number(vm.kernelRelease.split('.')[0])).toBeGreaterThanOrEqual(7)
})

test.for([
  { nics: 2, op: 'READ' },
  { nics: 4, op: 'WRITE' },
])('$op: one stream over each of $nics NICs', async ({ nics, op }, { takeRails }) => {
  const rails = await takeRails(nics)
  const devices = Array.from({ length: nics }, (_, index) => `dram:${index}`).join(',')
  const { left, right } = await transfer(rails, {
    args: { devices, op },
    left: SEVERAL_DEVICES,
    right: SEVERAL_DEVICES,
  })
  expect(right.stdout).toContain('END {}')
  const result = left.log.result()
  expect(result.verified_bytes).toBe(result.total_bytes)
  expect(result.streams.flatMap((stream) => stream.nics).sort()).toEqual(rails.devices('left'))
  expectTransports(result)
  for (const [side, all] of [
    ['left', result.nics],
    ['right', result.target_nics],
  ] as const) {
    // sysfs has no counters in a pod; the kernel's RDMA statistics do count.
    const counted = all.filter(({ kind }) => kind === 'rdma')
    expect(counted.map(({ name }) => name).sort()).toEqual(rails.devices(side))
    for (const nic of counted) {
      expect(nic).toMatchObject({ role: 'claimed', source: 'rdma-statistics' })
      const bytes = (side === 'left') === (op === 'WRITE') ? sentBytes(nic) : receivedBytes(nic)
      expect(bytes / (result.moved_bytes / nics), nic.name).toBeGreaterThan(0.99)
    }
  }
  const ports = portsOf(result)
  expect(ports.map(({ device }) => device)).toEqual([...rails.devices('left'), ...rails.devices('right')])
  for (const port of ports)
    expect(port).toMatchObject({
      link_layer: 'Ethernet',
      state: '4: ACTIVE',
      rdma_mtu: 4096,
      gid_type: 'RoCE v2',
      gid: expect.stringMatching(/^::ffff:10\.0\.\d\.[12]$/),
    })
})

test('READ: two streams over two NICs each: loss, damage and a low MTU leave the bytes whole, and the ports name them', async ({
  takeRails,
  onTestFinished,
}) => {
  const rails = await takeRails(4)
  const disturb = async (rail: number, disturbance: string): Promise<void> => {
    const nic = rails.interface(rail)
    await rails.onNode('right', `tc qdisc add dev ${nic} root netem ${disturbance}`)
    onTestFinished(async () => void (await rails.onNode('right', `tc qdisc del dev ${nic} root`)))
  }
  await disturb(0, 'loss 1%')
  await disturb(1, 'corrupt 1%')
  await disturb(2, 'loss 0.1%')
  await rails.onNode('left', `ip link set ${rails.interface(3)} mtu 1500`)
  onTestFinished(async () => void (await rails.onNode('left', `ip link set ${rails.interface(3)} mtu 4200`)))
  const { left } = await transfer(rails, {
    args: { op: 'READ', devices: 'dram:0,dram:1', 'block-size': 2_097_152 },
    left: SEVERAL_DEVICES,
    right: SEVERAL_DEVICES,
  })
  const result = left.log.result()
  expect(result.verified_bytes).toBe(result.total_bytes)
  expect(result.corrupt).toEqual([])
  expect(result.streams.map(({ nics }) => nics)).toEqual([
    [rails.device('left', 0), rails.device('left', 2)],
    [rails.device('left', 1), rails.device('left', 3)],
  ])
  expectTransports(result)
  for (const nic of result.nics.filter(({ kind }) => kind === 'rdma'))
    expect(receivedBytes(nic) / (result.moved_bytes / 4), nic.name).toBeGreaterThan(0.99)
  expect(result.ports?.map(({ rdma_mtu: mtu }) => mtu)).toEqual([4096, 4096, 4096, 1024])
  expect(result.target_ports?.map(({ rdma_mtu: mtu }) => mtu)).toEqual([4096, 4096, 4096, 4096])
  const retransmitted = [0, 1, 2].map((rail) => retransmissions(result, rails, rail) > 0)
  const dropped = [0, 1, 2].map(async (rail) => {
    const shown = await rails.onNode('right', `tc -s qdisc show dev ${rails.interface(rail)}`)
    // A damaged packet counts as sent; the far end drops it.
    return rail === 1 || Number(/dropped (\d+)/.exec(shown)?.[1]) > 0
  })
  expect(retransmitted).toEqual(await Promise.all(dropped))
})

/** UCX names every NIC of each stream. */
function expectTransports({ streams }: TransferResult): void {
  for (const { nics, transport } of streams)
    for (const nic of nics) expect(transport).toContain(`rc_verbs/${nic}:1`)
}

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
