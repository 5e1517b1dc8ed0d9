/** What each fault of a fabric or peer ends a transfer with. */
import { basename } from 'node:path'
import { describe, expect } from 'vitest'
import type { Rails } from '../support/verbs-vm/rails.ts'
import {
  startAlone,
  transfer,
  type EndsOfTransfer,
  type EndOfTransfer,
  type PairOptions,
} from '../support/verbs-vm/transfer-pair.ts'
import { test } from './verbs-test.ts'

/** More than can end before the fault comes. */
const ENDLESS = { iters: 1_000_000, 'stall-seconds': 5 }
/** Some seconds' worth: UCX writes into the memory of a stopped process too. */
const LONG = { iters: 3000, 'block-size': 16_384, 'stall-seconds': 5 }

const errorOf = ({ error }: EndOfTransfer) => ({ code: error?.code, message: error?.message ?? '' })

const FAULTS = ['cutAtLeft', 'cutAtRight', 'blackHole', 'killed', 'stopped'] as const
type BrokenRails = Readonly<Record<(typeof FAULTS)[number], EndsOfTransfer>>

/** All at once, each over a port of its own, since most of their time is waiting. */
async function breakAll(rails: Rails): Promise<BrokenRails> {
  const broken = (number: number, options: PairOptions): Promise<EndsOfTransfer> =>
    transfer(rails, { port: 5600 + number, over: [number % rails.count], args: ENDLESS, ...options })
  const [cutAtLeft, cutAtRight, blackHole, killed, stopped] = await Promise.all([
    broken(0, { during: () => rails.onNode('left', 'ip link set nic0 down') }),
    broken(1, { during: () => rails.onNode('right', 'ip link set nic1 down') }),
    broken(2, { during: () => rails.onNode('left', 'tc qdisc add dev nic2 root netem loss 100%') }),
    broken(3, { during: ({ right }) => right.signal('KILL') }),
    broken(7, {
      args: LONG,
      during: async ({ left, right }) => {
        await right.signal('STOP')
        await left.ended
        await right.signal('KILL')
      },
    }),
  ])
  await rails.onNode('left', 'ip link set nic0 up')
  await rails.onNode('right', 'ip link set nic1 up')
  await rails.onNode('left', 'tc qdisc del dev nic2 root')
  return { cutAtLeft, cutAtRight, blackHole, killed, stopped }
}

let broken: Promise<BrokenRails> | undefined
const brokenRails = (rails: Rails): Promise<BrokenRails> => (broken ??= breakAll(rails))

describe('a transfer ends with the cause:', () => {
  test.for([
    ['the left', 'cutAtLeft', 0],
    ['the right', 'cutAtRight', 1],
  ] as const)('LINK_DOWN at both sides for a link that $0 cuts', async ([, cut, rail], { rails }) => {
    const ends = await brokenRails(rails)
    for (const end of [ends[cut].left, ends[cut].right]) {
      expect(errorOf(end).code).toBe('LINK_DOWN')
      // A link has two ends: whichever side is quicker names its own.
      expect(errorOf(end).message).toMatch(new RegExp(`(left|right)\\d+_rxe${rail}`))
    }
  })

  test('TRANSFER_STALLED for a rail that loses every packet, with stream and NIC', async ({ rails }) => {
    const ends = await brokenRails(rails)
    const { code, message } = errorOf(ends.blackHole.left)
    expect(code).toBe('TRANSFER_STALLED')
    expect(message).toMatch(/stream 0, device dram:0, NIC left\d+_rxe2/)
  })

  test('PEER_GONE for a target that is killed', async ({ rails }) => {
    const ends = await brokenRails(rails)
    expect(ends.killed.right.code).toBe(137)
    expect(errorOf(ends.killed.left).code).toBe('PEER_GONE')
  })

  test('TRANSFER_STALLED for a target that is stopped, naming it', async ({ rails }) => {
    const ends = await brokenRails(rails)
    const { code, message } = errorOf(ends.stopped.left)
    expect(code).toBe('TRANSFER_STALLED')
    expect(message).toMatch(/^target right\d+: expected .* found no answer/)
  })
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
    const claimed = [rails.device('left', 0)]
    const left = await startAlone(rails, 'left', { claimed, lockedKib: 64 })
    expect(errorOf(left).message).toMatch(/lock/i)
    expect(left.error?.hint).toMatch(/memlock/)
  })

  test('an interface without an address', async ({ rails, onTestFinished }) => {
    onTestFinished(async () => {
      await rails.onNode('left', 'ip address add 10.0.0.1/24 dev nic0')
      await rails.onNode('left', 'sysctl -qw net.ipv6.conf.nic0.disable_ipv6=0')
    })
    await rails.onNode('left', 'sysctl -qw net.ipv6.conf.nic0.disable_ipv6=1')
    await rails.onNode('left', 'ip address flush dev nic0')
    const left = await startAlone(rails, 'left', { claimed: [rails.device('left', 0)] })
    expect(errorOf(left).code).toBe('NIC_UNUSABLE')
    expect(errorOf(left).message).toContain(rails.device('left', 0))
    expect(errorOf(left).message).toMatch(/address/)
  })

  test('shared memory, where both ends have the same processes', async ({ rails }) => {
    const shared = { env: { SHARED_PIDS: 'yes' } }
    const { left } = await transfer(rails, { over: [0], left: shared, right: shared })
    expect(errorOf(left).code).toBe('TRANSPORT_FALLBACK')
    expect(errorOf(left).message).toContain(`${rails.device('left', 0)}:1`)
    expect(left.stdout).not.toContain('RESULT')
  })
})
