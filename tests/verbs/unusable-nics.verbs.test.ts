/** RDMA NICs that are claimed and cannot be used are an error that names the NIC and its cause, never a transfer by TCP. */
import { basename } from 'node:path'
import { expect } from 'vitest'
import { errorOf, startAlone, transfer } from '../support/verbs-vm/transfer-pair.ts'
import { test } from './verbs-test.ts'

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
