/** The log that the model runtime produces for a transfer follows the link model and the faults, and is reproducible. */
import { expect, test } from 'vitest'
import { seconds } from '../../../../harness/core/units.ts'
import { TransferLog } from '../../../../harness/transfer/transfer-log.ts'
import { claimOf, linesOf, podOf, rackTarget } from '../../../support/emulated-target.ts'

const SOON = { within: seconds(10) }
const MIB = 2 ** 20

async function initiatorLog(faults: readonly string[] = [], op = 'WRITE', host?: string): Promise<string[]> {
  const target = await rackTarget('model', faults)
  const template = await claimOf(target, 4, 4)
  const run = async (name: string, args: string) => {
    const containers = [{ name: 'main', args: args.split(' ') }]
    return target.run(await target.schedule(podOf(template, { name, group: 'pair', containers }), SOON), SOON)
  }
  const devices = '--devices dram:0,dram:1,dram:2,dram:3'
  const receiver = await run('receiver', `--mode target ${devices}`)
  const sender = await run(
    'sender',
    `--mode initiator --target-host ${host ?? receiver.address} --op ${op} ${devices} --block-size ${MIB} --iters 50 --warmup-iters 5`,
  )
  return linesOf(target.log(sender, 'main'))
}

async function resultOf(faults: readonly string[] = [], op = 'WRITE') {
  const transcript = new TransferLog('the model')
  for (const line of await initiatorLog(faults, op)) transcript.add(line)
  return transcript.result()
}

test.for(['WRITE', 'READ'])('a %s has the rate of four NICs of the rack, at its scale', async (op) => {
  const result = await resultOf([], op)
  // Each iteration waits for the slowest stream and has its overhead.
  expect((result.avg_GBps * 200) / (4 * 9.77)).toBeGreaterThan(0.98)
  expect((result.avg_GBps * 200) / (4 * 9.77)).toBeLessThan(1)
  expect(result).toMatchObject({ op, backend: 'model', iters: 50, total_bytes: 4 * MIB, corrupt: [] })
  expect(result.verified_bytes).toBe(result.total_bytes)
  expect(result.streams.map(({ nics, target_nics: far }) => [...nics, ...far])).toEqual(
    [0, 1, 2, 3].map((n) => [`rdma${n}`, `rdma${n}`]),
  )
})

test('two runs with the same seed are equal in every digit', async () => {
  expect(await resultOf()).toEqual(await resultOf())
})

test('a slow NIC slows its own stream and the whole transfer', async () => {
  const slow = await resultOf(['{ kind: nic-slow, node: node-a, nic: mlx5_1, fraction: 0.5 }'])
  const p50 = slow.streams.map((stream) => stream.p50_seconds)
  const [first = 0, second = 0] = p50
  expect(second / first).toBeGreaterThan(1.9)
  expect(slow.avg_seconds).toBeGreaterThan(second * 0.99)
})

test('a link that is cut is an error without a figure', async () => {
  const log = await initiatorLog(['{ kind: link-cut, node: node-a, nic: mlx5_3, afterBytes: 3 GiB }'])
  expect(log).toHaveLength(1)
  expect(log[0]).toMatch(/^ERROR \{"code":"LINK_DOWN"/)
})

test('a missing peer is PEER_ABSENT', async () => {
  await expect(initiatorLog([], 'WRITE', '10.244.9.9')).rejects.toMatchObject({
    code: 'TRANSFER_FAILED',
    details: { code: 'PEER_ABSENT' },
  })
})

test('invalid options are rejected as by the binary', async () => {
  const target = await rackTarget('model')
  const template = await claimOf(target, 1, 1)
  const containers = [{ name: 'main', args: ['--mode', 'nonsense'] }]
  const pod = await target.run(await target.schedule(podOf(template, { containers }), SOON), SOON)
  await expect(linesOf(target.log(pod, 'main'))).rejects.toMatchObject({
    code: 'TRANSFER_FAILED',
    details: { code: 'BAD_OPTION' },
  })
})
