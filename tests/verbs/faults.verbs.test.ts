/** What each fault of a fabric or peer ends a transfer with. */
import { basename } from 'node:path'
import { describe, expect } from 'vitest'
import {
  SEVERAL_DEVICES,
  startAlone,
  transfer,
  type EndOfTransfer,
} from '../support/verbs-vm/transfer-pair.ts'
import { test } from './verbs-test.ts'

/** More than can end before the fault comes. */
const ENDLESS = { iters: 1_000_000 }
/** A busy machine may take longer than a few seconds for the first transfer, which is none that stalls. */
const STALL = { 'stall-seconds': 20 }
const errorOf = ({ error }: EndOfTransfer) => ({ code: error?.code, message: error?.message ?? '' })

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

describe('RDMA NICs that are claimed and cannot be used are an error, never TCP:', () => {
  test('a device that is gone', async ({ takeRails, onTestFinished }) => {
    const rails = await takeRails(1)
    const device = rails.device('left', 0)
    const name = `char_devices ${rails.namespace('left')} ${device}`
    const file = `/dev/infiniband/${(await rails.sh(name)).trim()}`
    // The pod still has the character device that it was given.
    await rails.sh(`cp -a ${file} /run/kept`)
    await rails.onNode('left', `rdma link delete ${device}`)
    onTestFinished(async () => {
      await rails.sh(`rm -f ${file}`)
      await rails.onNode('left', `rdma link add ${device} type rxe netdev ${rails.interface(0)}`)
    })
    await rails.sh(`cp -a /run/kept ${file}`)
    const left = await startAlone(rails, 'left', { charDevices: [basename(file)] })
    expect(errorOf(left).code).toBe('NIC_UNUSABLE')
    expect(errorOf(left).message).toContain(file)
  })

  test('a link that is down at the start, at either side', async ({ takeRails, onTestFinished }) => {
    const rails = await takeRails(1)
    const nic = rails.interface(0)
    onTestFinished(async () => void (await rails.onNode('right', `ip link set ${nic} up`)))
    await rails.onNode('right', `ip link set ${nic} down`)
    const ends = (['left', 'right'] as const).map((side) => startAlone(rails, side))
    for (const end of await Promise.all(ends)) expect(errorOf(end).code).toBe('LINK_DOWN')
  })

  test('memory that may not be locked', async ({ takeRails }) => {
    const rails = await takeRails(1)
    const left = await startAlone(rails, 'left', { lockedKib: 64 })
    expect(errorOf(left).code).toBe('NIC_UNUSABLE')
    expect(errorOf(left).message).toContain(rails.device('left', 0))
    expect(left.error?.hint).toMatch(/memlock.*IPC_LOCK/)
    // UCX would try again without end, and log each time.
    expect(left.stderr.split('\n').length).toBeLessThan(10)
  })

  test('an interface without an address', async ({ takeRails, onTestFinished }) => {
    const rails = await takeRails(1)
    const nic = rails.interface(0)
    onTestFinished(async () => {
      await rails.onNode('left', `ip address add ${rails.address('left', 0)}/24 dev ${nic}`)
      // The kernel gives an interface its link-local address when it goes up.
      await rails.onNode('left', `ip link set ${nic} down`)
      await rails.onNode('left', `ip link set ${nic} up`)
    })
    await rails.onNode('left', `ip address flush dev ${nic}`)
    const left = await startAlone(rails, 'left')
    expect(left.stdout).not.toContain('RESULT')
    expect(errorOf(left).message).toContain(rails.device('left', 0))
    expect(left.error?.hint).toMatch(/interface an address/)
  })

  test('an image without the provider of the NIC', async ({ takeRails }) => {
    const rails = await takeRails(1)
    const left = await startAlone(rails, 'left', { env: { PROVIDERS: 'no' } })
    expect(left.stdout).not.toContain('RESULT')
    expect(errorOf(left).code).toBe('NIXL_CALL_FAILED')
    expect(errorOf(left).message).toContain(`NIC ${rails.device('left', 0)}`)
    expect(left.error?.hint).toMatch(/libibverbs provider/)
  })

  test('shared memory, where both ends have the same processes', async ({ takeRails }) => {
    const rails = await takeRails(1)
    const shared = { env: { SHARED_PIDS: 'yes' } }
    const { left } = await transfer(rails, { left: shared, right: shared })
    expect(errorOf(left).code).toBe('TRANSPORT_FALLBACK')
    expect(errorOf(left).message).toContain(`${rails.device('left', 0)}:1`)
    expect(left.stdout).not.toContain('RESULT')
  })
})
