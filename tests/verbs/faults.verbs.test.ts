/** What each fault of a fabric or peer ends a transfer with. */
import { describe, expect } from 'vitest'
import { SEVERAL_DEVICES, errorOf, transfer } from '../support/verbs-vm/transfer-pair.ts'
import { test } from './verbs-test.ts'

/** More than can end before the fault comes. */
const ENDLESS = { iters: 1_000_000 }
/** A busy machine may take longer than a few seconds for the first transfer, which is none that stalls. */
const STALL = { 'stall-seconds': 20 }

test('a rail that loses every packet is TRANSFER_STALLED, or CONNECTION_BROKEN once its NIC gives up, naming stream and NIC', async ({
  takeRails,
  onTestFinished,
}) => {
  const rails = await takeRails(1)
  const nic = rails.interface(0)
  onTestFinished(async () => void (await rails.onNode('left', `tc qdisc del dev ${nic} root`)))
  const { left } = await transfer(rails, {
    args: { ...ENDLESS, ...STALL },
    async during(pods) {
      await rails.onNode('left', `tc qdisc add dev ${nic} root netem loss 100%`)
      await pods.left.yieldProcessor()
    },
  })
  expect(['TRANSFER_STALLED', 'CONNECTION_BROKEN']).toContain(errorOf(left).code)
  expect(errorOf(left).message).toContain(`stream 0, device dram:0, NIC ${rails.device('left', 0)}`)
})

test('a target that is stopped is TRANSFER_STALLED, with that as a possible cause', async ({ takeRails }) => {
  const rails = await takeRails(1)
  const { left } = await transfer(rails, {
    args: { iters: 3000, 'block-size': 16_384, ...STALL },
    async during(pods) {
      await pods.right.signal('STOP')
      await pods.left.yieldProcessor()
      await pods.left.ended
      await pods.right.signal('KILL')
    },
  })
  expect(errorOf(left).code).toBe('TRANSFER_STALLED')
  expect(errorOf(left).message).toMatch(/whether (the peer's|its) process is stopped/)
})

describe('a link that goes down ends both sides with LINK_DOWN', () => {
  test.for(['left', 'right'] as const)('at the %s', async (side, { takeRails, onTestFinished }) => {
    const rails = await takeRails(2)
    const nic = rails.interface(1)
    onTestFinished(async () => void (await rails.onNode(side, `ip link set ${nic} up`)))
    const ends = await transfer(rails, {
      args: ENDLESS,
      left: SEVERAL_DEVICES,
      right: SEVERAL_DEVICES,
      during: () => rails.onNode(side, `ip link set ${nic} down`),
    })
    // A link has two ends: whichever side is quicker names its own.
    const devices = [rails.device('left', 1), rails.device('right', 1)].join('|')
    for (const end of [ends.left, ends.right]) {
      expect(errorOf(end).code).toBe('LINK_DOWN')
      expect(errorOf(end).message).toMatch(new RegExp(devices))
    }
  })
})

test('a target that is killed is PEER_GONE', async ({ takeRails }) => {
  const rails = await takeRails(1)
  const { left, right } = await transfer(rails, {
    args: ENDLESS,
    during: (pods) => pods.right.signal('KILL'),
  })
  expect(right.code).toBe(137)
  expect(errorOf(left).code).toBe('PEER_GONE')
})

test('an RDMA device that is removed while bytes move ends both sides with an error that names it', async ({
  takeRails,
  onTestFinished,
}) => {
  const rails = await takeRails(1)
  const device = rails.device('left', 0)
  onTestFinished(
    async () =>
      void (await rails.onNode('left', `rdma link add ${device} type rxe netdev ${rails.interface(0)}`)),
  )
  const { left, right } = await transfer(rails, {
    args: { ...ENDLESS, ...STALL },
    during: () => rails.onNode('left', `rdma link delete ${device}`),
  })
  // UCX aborts the process when it posts to the device, unless the monitor of the links is quicker.
  expect(['NIC_UNUSABLE', 'LINK_DOWN']).toContain(errorOf(left).code)
  expect(errorOf(left).message).toMatch(new RegExp(`${device}|/dev/infiniband/uverbs`))
  expect(['PEER_GONE', 'LINK_DOWN']).toContain(errorOf(right).code)
})
