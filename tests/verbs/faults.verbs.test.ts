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
const STALL = { 'stall-seconds': 15 }
const errorOf = ({ error }: EndOfTransfer) => ({ code: error?.code, message: error?.message ?? '' })

describe('a link that goes down ends both sides with LINK_DOWN', () => {
  test.for(['left', 'right'] as const)('at the %s', async (side, { rails, onTestFinished }) => {
    onTestFinished(async () => void (await rails.onNode(side, 'ip link set nic1 up')))
    const ends = await transfer(rails, {
      over: [0, 1],
      args: ENDLESS,
      left: SEVERAL_DEVICES,
      right: SEVERAL_DEVICES,
      during: () => rails.onNode(side, 'ip link set nic1 down'),
    })
    for (const end of [ends.left, ends.right]) {
      expect(errorOf(end).code).toBe('LINK_DOWN')
      // A link has two ends: whichever side is quicker names its own.
      expect(errorOf(end).message).toMatch(/(left|right)\d+_rxe1/)
    }
  })
})

test('a rail that loses every packet is TRANSFER_STALLED, or CONNECTION_BROKEN once its NIC gives up, naming stream and NIC', async ({
  rails,
  onTestFinished,
}) => {
  onTestFinished(async () => void (await rails.onNode('left', 'tc qdisc del dev nic2 root')))
  const { left } = await transfer(rails, {
    over: [2],
    args: { ...ENDLESS, ...STALL },
    during: () => rails.onNode('left', 'tc qdisc add dev nic2 root netem loss 100%'),
  })
  expect(['TRANSFER_STALLED', 'CONNECTION_BROKEN']).toContain(errorOf(left).code)
  expect(errorOf(left).message).toMatch(/stream 0, device dram:0, NIC left\d+_rxe2/)
})

test('a target that is killed is PEER_GONE', async ({ rails }) => {
  const { left, right } = await transfer(rails, {
    over: [3],
    args: ENDLESS,
    during: (pods) => pods.right.signal('KILL'),
  })
  expect(right.code).toBe(137)
  expect(errorOf(left).code).toBe('PEER_GONE')
})

test('a target that is stopped is TRANSFER_STALLED, with that as a possible cause', async ({ rails }) => {
  const { left } = await transfer(rails, {
    over: [3],
    args: { iters: 3000, 'block-size': 16_384, ...STALL },
    async during(pods) {
      await pods.right.signal('STOP')
      await pods.left.ended
      await pods.right.signal('KILL')
    },
  })
  expect(errorOf(left).code).toBe('TRANSFER_STALLED')
  expect(errorOf(left).message).toMatch(/whether (the peer's|its) process is stopped/)
})

describe('RDMA NICs that are claimed and cannot be used are an error, never TCP:', () => {
  test('a device that is gone', async ({ rails, onTestFinished }) => {
    const device = rails.device('left', 0)
    const name = `char_devices ${rails.namespace('left')} ${device}`
    const file = `/dev/infiniband/${(await rails.sh(name)).trim()}`
    // The pod still has the character device that it was given.
    await rails.sh(`cp -a ${file} /run/kept`)
    await rails.onNode('left', `rdma link delete ${device}`)
    onTestFinished(async () => {
      await rails.sh(`rm -f ${file}`)
      await rails.onNode('left', `rdma link add ${device} type rxe netdev nic0`)
    })
    await rails.sh(`cp -a /run/kept ${file}`)
    const left = await startAlone(rails, 'left', { charDevices: [basename(file)] })
    expect(errorOf(left).code).toBe('NIC_UNUSABLE')
    expect(errorOf(left).message).toContain(file)
  })

  test('a link that is down at the start, at either side', async ({ rails, onTestFinished }) => {
    onTestFinished(async () => void (await rails.onNode('right', 'ip link set nic0 up')))
    await rails.onNode('right', 'ip link set nic0 down')
    const ends = (['left', 'right'] as const).map((side) =>
      startAlone(rails, side, { claimed: [rails.device(side, 0)] }),
    )
    for (const end of await Promise.all(ends)) expect(errorOf(end).code).toBe('LINK_DOWN')
  })

  test('memory that may not be locked', async ({ rails }) => {
    const device = rails.device('left', 0)
    const left = await startAlone(rails, 'left', { claimed: [device], lockedKib: 64 })
    expect(errorOf(left).code).toBe('NIC_UNUSABLE')
    expect(errorOf(left).message).toContain(device)
    expect(left.error?.hint).toMatch(/memlock.*IPC_LOCK/)
  })

  test('an interface without an address', async ({ rails, onTestFinished }) => {
    onTestFinished(async () => void (await rails.onNode('left', 'ip address add 10.0.0.1/24 dev nic0')))
    await rails.onNode('left', 'ip address flush dev nic0')
    const device = rails.device('left', 0)
    const left = await startAlone(rails, 'left', { claimed: [device] })
    expect(left.stdout).not.toContain('RESULT')
    expect(errorOf(left).message).toContain(device)
    expect(left.error?.hint).toMatch(/interface an address/)
  })

  test('shared memory, where both ends have the same processes', async ({ rails }) => {
    const shared = { env: { SHARED_PIDS: 'yes' } }
    const { left } = await transfer(rails, { over: [0], left: shared, right: shared })
    expect(errorOf(left).code).toBe('TRANSPORT_FALLBACK')
    expect(errorOf(left).message).toContain(`${rails.device('left', 0)}:1`)
    expect(left.stdout).not.toContain('RESULT')
  })
})
