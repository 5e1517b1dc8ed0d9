/** Bytes that move by RDMA, over one and several NICs. */
import { expect } from 'vitest'
import type { NicCounters } from '../../harness/transfer/result.ts'
import { transfer } from '../support/verbs-vm/transfer-pair.ts'
import { test } from './verbs-test.ts'

/** Soft-RoCE devices have no PCI device, which is what UCX tells the interfaces of one process apart by. */
const SEVERAL_DEVICES = { env: { UCX_IB_ROCE_REACHABILITY_MODE: 'all' } }

test('a kernel whose Soft-RoCE knows network namespaces runs', ({ vm }) => {
  expect(Number(vm.kernelRelease.split('.')[0])).toBeGreaterThanOrEqual(7)
})

test.for([
  { rails: 1, streams: 1 },
  { rails: 2, streams: 2 },
  { rails: 4, streams: 4 },
  { rails: 4, streams: 2 },
])('$streams streams over $rails NICs', async ({ rails: count, streams }, { layRails }) => {
  const rails = await layRails(count)
  const devices = Array.from({ length: streams }, (_, index) => `dram:${index}`).join(',')
  const { left, right } = await transfer(rails, {
    args: { devices },
    left: SEVERAL_DEVICES,
    right: SEVERAL_DEVICES,
  })
  expect(right.stdout).toContain('END {}')
  const result = left.log.result()
  expect(result.verified_bytes).toBe(result.total_bytes)
  expect(result.streams.flatMap(({ nics }) => nics).sort()).toEqual(rails.devices('left'))
  for (const { nics, transport } of result.streams)
    for (const nic of nics) expect(transport).toContain(`rc_verbs/${nic}:1`)
  for (const [side, nics] of [
    ['left', result.nics],
    ['right', result.target_nics],
  ] as const) {
    // sysfs has no counters in a pod; the kernel's RDMA statistics do count.
    const counted = nics.filter(({ kind }) => kind === 'rdma')
    expect(counted.map(({ name }) => name).sort()).toEqual(rails.devices(side))
    for (const nic of counted) {
      expect(nic).toMatchObject({ role: 'claimed', source: 'rdma-statistics' })
      const bytes = side === 'left' ? sentBytes(nic) : receivedBytes(nic)
      expect(bytes / (result.moved_bytes / count), nic.name).toBeGreaterThan(0.99)
    }
  }
})

test('READ moves bytes from the target to the initiator', async ({ layRails }) => {
  const rails = await layRails(1)
  const { left } = await transfer(rails, { args: { op: 'READ' } })
  const result = left.log.result()
  expect(result.verified_bytes).toBe(result.total_bytes)
  const sent = result.target_nics.filter(({ kind }) => kind === 'rdma').map(sentBytes)
  expect(sent[0]).toBeGreaterThan(result.moved_bytes)
})

const sentBytes = ({ tx_bytes_before: before, tx_bytes_after: after }: NicCounters): number => after - before
const receivedBytes = ({ rx_bytes_before: before, rx_bytes_after: after }: NicCounters): number =>
  after - before
