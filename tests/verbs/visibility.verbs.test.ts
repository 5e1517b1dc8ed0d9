/** What a pod sees of RDMA devices, with the RDMA subsystem's network namespace mode shared, the default, and exclusive. */
import { expect } from 'vitest'
import { z } from 'zod'
import { startPod } from '../support/verbs-vm/pod.ts'
import type { Rails } from '../support/verbs-vm/rails.ts'
import { transfer } from '../support/verbs-vm/transfer-pair.ts'
import { test } from './verbs-test.ts'

const rdmaSchema = z.array(z.looseObject({ name: z.string(), netdevs: z.array(z.string()) }))
const devicesSchema = z.looseObject({
  infiniband: z.array(
    z.looseObject({ path: z.string(), opens: z.boolean().nullable(), rdma_device: z.string().nullable() }),
  ),
  rdma: rdmaSchema,
})

const topoSchema = z.looseObject({
  interfaces: z.array(z.looseObject({ name: z.string() })),
  rdma: rdmaSchema,
})

async function devicesInPod(
  rails: Rails,
  claimed: readonly string[],
): Promise<z.infer<typeof devicesSchema>> {
  const { stdout } = await startPod(rails, 'left', ['--mode', 'devices'], { claimed }).ended
  return devicesSchema.parse(JSON.parse(stdout.replace('DEVICES ', '')))
}

/** Files of a port's sysfs folder, as a pod sees them. */
const portFiles = (rails: Rails, device: string): Promise<string> =>
  rails.onNode('left', `sh -c 'mount -t sysfs sys /sys; ls /sys/class/infiniband/${device}/ports/1'`)

test('shared: a pod sees every device and opens its own, and sysfs has no counters', async ({
  takeRails,
}) => {
  const rails = await takeRails(4)
  const claimed = rails.device('left', 1)
  const { infiniband, rdma } = await devicesInPod(rails, [claimed])
  expect(rdma.map(({ name }) => name).sort()).toEqual(
    [...rails.devices('left'), ...rails.devices('right')].sort(),
  )
  expect(infiniband.map(({ path, rdma_device: device }) => [path, device])).toEqual([
    ['/dev/infiniband/rdma_cm', null],
    [expect.stringMatching(/^\/dev\/infiniband\/uverbs\d+$/), claimed],
  ])
  expect(infiniband.every(({ opens }) => opens)).toBe(true)
  // A Soft-RoCE device has its interface, although it has no PCI device.
  const own = rdma.filter(({ name }) => rails.devices('left').includes(name))
  expect(own.map(({ netdevs }) => netdevs)).toEqual([['nic0'], ['nic1'], ['nic2'], ['nic3']])
  expect(await portFiles(rails, claimed)).not.toMatch(/counters/)
})

test('shared: the topology has the RDMA devices with their interfaces, and the pod its own interfaces', async ({
  takeRails,
}) => {
  const rails = await takeRails(4)
  const { stdout } = await startPod(rails, 'left', ['--mode', 'topo']).ended
  const { interfaces, rdma } = topoSchema.parse(JSON.parse(stdout.replace('TOPO ', '')))
  const own = rdma.filter(({ name }) => rails.devices('left').includes(name))
  expect(own.map(({ netdevs }) => netdevs)).toEqual([['nic0'], ['nic1'], ['nic2'], ['nic3']])
  expect(interfaces.map(({ name }) => name)).toEqual(['eth0', 'lo', 'nic0', 'nic1', 'nic2', 'nic3'])
})

test('shared: RDMA statistics by netlink need no privilege', async ({ takeRails }) => {
  const rails = await takeRails(1)
  const statistic = `capsh --drop=all --shell=/usr/bin/rdma -- statistic show link ${rails.device('left', 0)}/1`
  expect(await rails.onNode('left', statistic)).toMatch(/sent_pkts \d+ .*sent_bytes \d+/)
})

test('exclusive: a pod sees its own devices with counters, and another one does not open', async ({
  takeRails,
}) => {
  const rails = await takeRails(4, 'exclusive')
  const leaked = rails.device('right', 0)
  const { rdma } = await devicesInPod(rails, rails.devices('left'))
  expect(rdma.map(({ name }) => name).sort()).toEqual(rails.devices('left'))
  expect(await portFiles(rails, rails.device('left', 0))).toMatch(/counters/)
  const uverbs = (await rails.sh(`char_devices ${rails.namespace('right')} ${leaked}`)).trim()
  expect(await rails.onNode('left', `sh -c '(: <>/dev/infiniband/${uverbs}) 2>&1 || true'`)).toContain(
    'Operation not permitted',
  )
  const { left } = await transfer(rails.only([0]))
  const result = left.log.result()
  expect(result.streams[0]?.transport).toMatch(/^rc_verbs\//)
  const counted = [...result.nics, ...result.target_nics].filter(({ role }) => role === 'claimed')
  expect(counted.map(({ name, source }) => [name, source])).toEqual([
    [rails.device('left', 0), 'port-counters'],
    [rails.device('right', 0), 'port-counters'],
  ])
})
