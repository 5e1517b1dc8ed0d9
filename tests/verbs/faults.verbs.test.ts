/** What each fault of a fabric or peer ends a transfer with. */
import { basename } from 'node:path'
import { describe, expect } from 'vitest'
import { transfer, type EndOfTransfer } from '../support/verbs-vm/transfer-pair.ts'
import { test } from './verbs-test.ts'

/** More than can end before the fault comes. */
const ENDLESS = { iters: 1_000_000 }
const errorOf = ({ error }: EndOfTransfer) => ({ code: error?.code, message: error?.message ?? '' })
const LIMIT = { 'timeout-seconds': 60 }

describe('a link that goes down', () => {
  test.for(['left', 'right'] as const)(
    'at the %s ends both sides with LINK_DOWN',
    async (side, { layRails }) => {
      const rails = await layRails(1)
      const ends = await transfer(rails, {
        args: ENDLESS,
        during: () => rails.onNode(side, 'ip link set nic0 down'),
      })
      for (const end of [ends.left, ends.right]) {
        expect(errorOf(end).code).toBe('LINK_DOWN')
        // A link has two ends: whichever side is quicker names its own.
        expect(errorOf(end).message).toMatch(/(left|right)\d+_rxe0/)
      }
    },
  )
})

test('a rail that loses every packet is TRANSFER_STALLED, naming stream and NIC', async ({ layRails }) => {
  const rails = await layRails(1)
  const { left } = await transfer(rails, {
    args: { ...ENDLESS, 'stall-seconds': 5 },
    during: () => rails.onNode('left', 'tc qdisc add dev nic0 root netem loss 100%'),
  })
  expect(errorOf(left).code).toBe('TRANSFER_STALLED')
  expect(errorOf(left).message).toContain(rails.device('left', 0))
})

test('a target that is killed is PEER_GONE', async ({ layRails }) => {
  const rails = await layRails(1)
  const { left, right } = await transfer(rails, {
    args: ENDLESS,
    during: (pods) => pods.right.signal('KILL'),
  })
  expect(right.code).toBe(137)
  expect(errorOf(left).code).toBe('PEER_GONE')
})

test.for([
  { what: 'a rail that loses 1 % of its packets', command: 'tc qdisc add dev nic0 root netem loss 1%' },
  { what: 'a rail that damages 1 % of its packets', command: 'tc qdisc add dev nic0 root netem corrupt 1%' },
  { what: 'an MTU of 1500 at one end', command: 'ip link set nic0 mtu 1500' },
])('$what leaves the bytes whole', async ({ command }, { layRails }) => {
  const rails = await layRails(1)
  await rails.onNode('left', command)
  const { left } = await transfer(rails)
  const result = left.log.result()
  expect(result.verified_bytes).toBe(result.total_bytes)
  expect(result.corrupt).toEqual([])
})

describe('RDMA NICs that are claimed and cannot be used are an error, never TCP:', () => {
  test('a device that is gone', async ({ layRails, onTestFinished }) => {
    const rails = await layRails(1)
    const name = `char_devices ${rails.namespace('left')} ${rails.device('left', 0)}`
    const file = `/dev/infiniband/${(await rails.sh(name)).trim()}`
    // The pod still has the character device that it was given.
    await rails.sh(`cp -a ${file} /run/kept`)
    await rails.onNode('left', `rdma link delete ${rails.device('left', 0)}`)
    await rails.sh(`cp -a /run/kept ${file}`)
    onTestFinished(async () => void (await rails.sh(`rm -f ${file}`)))
    const { left } = await transfer(rails, { args: LIMIT, left: { charDevices: [basename(file)] } })
    expect(errorOf(left).code).toBe('NIC_UNUSABLE')
    expect(errorOf(left).message).toContain(file)
    expect(left.stdout).not.toContain('RESULT')
  })

  test('shared memory, where both ends have the same processes', async ({ layRails }) => {
    const rails = await layRails(1)
    const shared = { env: { SHARED_PIDS: 'yes' } }
    const { left } = await transfer(rails, { args: LIMIT, left: shared, right: shared })
    expect(errorOf(left).code).toBe('TRANSPORT_FALLBACK')
    expect(errorOf(left).message).toContain(`${rails.device('left', 0)}:1`)
    expect(left.stdout).not.toContain('RESULT')
  })

  test('memory that may not be locked', async ({ layRails }) => {
    const rails = await layRails(1)
    const { left } = await transfer(rails, { args: { 'timeout-seconds': 30 }, left: { lockedKib: 64 } })
    expect(left.stdout).not.toContain('RESULT')
    expect(errorOf(left).message).toMatch(/lock/i)
  })

  test('a link that is down at the start', async ({ layRails }) => {
    const rails = await layRails(1)
    await rails.onNode('right', 'ip link set nic0 down')
    const { left, right } = await transfer(rails, { args: LIMIT })
    for (const end of [left, right]) expect(errorOf(end).code).toBe('LINK_DOWN')
  })
})
