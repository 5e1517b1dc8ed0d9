/** The lab's drivers behave as the real ones were observed to: devices, interfaces, claim status, and their release. */
import { resolve } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { gpusWithNics } from '../../../harness/claim/numa-placements.ts'
import { publicationOf } from '../../../harness/claim/publication.ts'
import { numaTemplate } from '../../../harness/claim/claim-template.ts'
import { loadRack } from '../../../harness/rack/rack.ts'
import { publishRack } from '../../../harness/emulation/publish-rack.ts'
import type { Lab } from '../../../harness/targets/lab/lab.ts'
import { visibleDevicesSchema, type VisibleDevices } from '../../../harness/transfer/visible-devices.ts'
import { IDLE, labFor, Pods, until } from '../../support/lab-pods.ts'

const rack = loadRack(resolve(import.meta.dirname, '../../../fixtures/racks/h100-2node.yaml'))
const BINARY = '/opt/claimcheck/bin/claimcheck-transfer'
const published = publicationOf(publishRack(rack).slices)
const two = numaTemplate(gpusWithNics({ gpus: 2, gpusOn: 0, nics: 2, nicsOn: 0 }), rack.sku, {
  published,
  name: 'two',
})
const four = numaTemplate(gpusWithNics({ gpus: 4, gpusOn: 0, nics: 4, nicsOn: 0 }), rack.sku, {
  published,
  name: 'four',
})

describe('drivers', () => {
  let lab: Lab
  let pods: Pods
  const created: string[] = []

  beforeAll(async () => {
    lab = await labFor(rack)
    pods = new Pods(lab)
    await pods.template(two)
    await pods.template(four)
  })
  afterEach(async () => {
    await pods.remove(...created.splice(0))
    for (const node of lab.nodes) await expectReleased(node)
  })
  afterAll(() => lab?.stop())

  const create = async (name: string, options: Parameters<Pods['create']>[1]): Promise<void> => {
    created.push(name)
    await pods.create(name, options)
  }
  const visibleDevices = async (pod: string, container: string): Promise<VisibleDevices> => {
    const out = await pods.exec(pod, container, [BINARY, '--mode', 'devices'])
    return visibleDevicesSchema.parse(JSON.parse(out.slice(out.indexOf('{'))))
  }
  /** Waits until all NICs are back in the node and no prepared claim is stored. */
  const expectReleased = async (node: string): Promise<void> => {
    await until(
      `all NICs to be back on ${node}`,
      async () => {
        const links = await lab.exec(node, ['ip', '-br', 'link'])
        const left = await lab.exec(node, ['find', '/var/lib/claimcheck/claims', '-type', 'f'])
        return { links: links.output, left: left.output }
      },
      ({ links, left }) =>
        rack.sku.nics.every(({ ifName }) => links.includes(`${ifName}@`)) && left.trim() === '',
    )
  }

  test('slices are those of the emulated target', async () => {
    const slices = await pods.slices()
    expect(slices).toHaveLength(4)
    for (const { spec } of publishRack(rack).slices) {
      const ours = slices.find(
        (one) => one.spec.nodeName === spec.nodeName && one.spec.driver === spec.driver,
      )
      expect(ours?.spec.devices).toEqual(spec.devices)
      expect(ours?.spec.pool.name).toBe(spec.nodeName)
    }
  })

  test('every container of a pod sees the devices of the claim, and no others', async () => {
    await create('seen', {
      template: 'two',
      node: 'node-a',
      containers: { 'with-claim': IDLE, 'without-claim': IDLE },
    })
    await pods.running('seen')
    for (const container of ['with-claim', 'without-claim']) {
      const { infiniband, interfaces } = await visibleDevices('seen', container)
      expect(Object.fromEntries(infiniband.map(({ path, opens }) => [path, opens]))).toEqual(
        Object.fromEntries(
          ['rdma_cm', 'umad0', 'umad1', 'uverbs0', 'uverbs1'].map((name) => [
            `/dev/infiniband/${name}`,
            true,
          ]),
        ),
      )
      expect(interfaces.map(({ name }) => name).toSorted()).toEqual(['eth0', 'lo', 'rdma0', 'rdma1'])
    }
    const stat = await pods.exec('seen', 'with-claim', ['cat', '/proc/1/stat'])
    expect(stat.split(' ')[18], 'niceness').toBe('-15')
    const hcas = await pods.exec('seen', 'with-claim', ['ls', '/sys/class/infiniband'])
    expect(hcas.trim().split('\n')).toEqual(rack.sku.nics.map(({ name }) => name))
    const numa = await pods.exec('seen', 'with-claim', [
      'cat',
      '/sys/class/infiniband/mlx5_5/device/numa_node',
    ])
    expect(numa.trim()).toBe('1')
    const mtu = await pods.exec('seen', 'with-claim', [
      'cat',
      '/sys/class/net/rdma0/mtu',
      '/sys/class/net/rdma0/address',
    ])
    expect(mtu.trim().split('\n')).toEqual(['9000', '02:00:0a:40:00:01'])
  })

  test('the status of the claim is written as DRANET writes it', async () => {
    await create('status', { template: 'two', node: 'node-b', containers: { 'with-claim': IDLE } })
    await pods.running('status')
    const { status } = await until(
      'the status',
      () => pods.claimOf('status'),
      (claim) => claim.status?.devices !== undefined,
    )
    const condition = (type: string, reason: string) => ({ type, status: 'True', reason, message: '' })
    expect(status?.devices).toMatchObject(
      [0, 1].map((nic) => ({
        driver: 'dra.net',
        pool: 'node-b',
        device: `pci-010${nic + 1}-00-00-0`,
        conditions: [condition('Ready', 'NetworkDeviceReady'), condition('NetworkReady', 'NetworkReady')],
        networkData: {
          interfaceName: `rdma${nic}`,
          ips: [`10.64.${nic}.2/24`],
          hardwareAddress: `02:00:0a:40:0${nic}:02`,
        },
      })),
    )
    expect(status?.devices).toHaveLength(2)
  })

  test('bytes move over the claimed NICs at the rate of the rack', async () => {
    const run = (mode: string, ...more: string[]) => [
      BINARY,
      '--mode',
      mode,
      '--nics',
      'claimed',
      '--devices',
      'dram:0,dram:1,dram:2,dram:3',
      '--block-size',
      '1342177',
      '--iters',
      '20',
      '--warmup-iters',
      '4',
      ...more,
    ]
    await create('target', { template: 'four', node: 'node-a', containers: { transfer: run('target') } })
    const { status } = await pods.running('target')
    const initiator = run('initiator', '--target-host', status?.podIP ?? '')
    await create('initiator', { template: 'four', node: 'node-b', containers: { transfer: initiator } })
    await pods.ended('initiator')
    const log = await pods.log('initiator', 'transfer')
    const line = log.split('\n').find((one) => one.startsWith('RESULT '))
    expect(line, log).toBeDefined()
    const result = JSON.parse(line?.slice('RESULT '.length) ?? '{}') as {
      avg_GBps: number
      verified_bytes: number
      nics: { name: string; tx_bytes_before: number; tx_bytes_after: number }[]
    }
    const sent = Object.fromEntries(
      result.nics.map((nic) => [nic.name, nic.tx_bytes_after - nic.tx_bytes_before]),
    )
    for (const name of ['rdma0', 'rdma1', 'rdma2', 'rdma3']) expect(sent[name]).toBeGreaterThan(20 * 1342177)
    expect(sent['eth0']).toBeLessThan(1_000_000)
    expect(result.verified_bytes).toBeGreaterThan(0)
    // Wide limits: they only show that the rates are shaped.
    expect(result.avg_GBps * rack.scale).toBeGreaterThan(39.07 * 0.3)
    expect(result.avg_GBps * rack.scale).toBeLessThan(39.07 * 1.3)
  })

  test('a pod with hostNetwork gets no devices, and an event gives the reason', async () => {
    await create('host', { template: 'two', hostNetwork: true, containers: { 'with-claim': IDLE } })
    const [message] = await until(
      'the event',
      () => pods.events('host', 'NetworkDeviceAttachFailed'),
      (events) => events.length > 0,
    )
    expect(message).toContain("uses the host's network")
    expect((await pods.read('host')).status?.phase).toBe('Pending')
  })

  test('pods that are deleted while they start leave no claims and NICs', async () => {
    for (let n = 0; n < 6; n++) {
      const name = `brief-${n}`
      await create(name, { template: 'four', node: 'node-a', containers: { 'with-claim': IDLE } })
      if (n > 0)
        await until(
          'its claim',
          () => pods.claims(),
          (claims) => claims.length > 0 || n % 2 === 0,
        )
      await pods.remove(name)
    }
    await expectReleased('node-a')
    expect(await pods.claims()).toEqual([])
  })

  test('a driver that was killed restores its prepared claims', async () => {
    await create('first', { template: 'two', node: 'node-a', containers: { 'with-claim': IDLE } })
    await pods.running('first')
    await killDriver('node-a')
    await create('next', { template: 'two', node: 'node-a', containers: { 'with-claim': IDLE } })
    await pods.running('next')
    const names = async (pod: string) =>
      (await visibleDevices(pod, 'with-claim')).interfaces.map(({ name }) => name).toSorted()
    expect(await names('first')).toEqual(['eth0', 'lo', 'rdma0', 'rdma1'])
    expect(await names('next')).toEqual(['eth0', 'lo', 'rdma2', 'rdma3'])
    await killDriver('node-a')
  })

  test('pods get all claimed devices if the driver is killed while they start', async () => {
    for (let n = 0; n < 4; n++) {
      const name = `during-${n}`
      await create(name, {
        template: 'four',
        node: 'node-b',
        containers: { 'with-claim': IDLE, other: IDLE },
      })
      if (n % 2 === 1)
        await until(
          'its claim',
          () => pods.claims(),
          (claims) => claims.length > 0,
        )
      await killDriver('node-b')
      await pods.running(name)
      for (const container of ['with-claim', 'other']) {
        const { infiniband, interfaces } = await visibleDevices(name, container)
        expect(infiniband).toHaveLength(9)
        expect(interfaces).toHaveLength(6)
      }
      await pods.remove(name)
    }
  })

  const killDriver = async (node: string): Promise<void> => {
    const { exitCode, output } = await lab.exec(node, ['pkill', '-KILL', '-f', '^claimcheck-driver'])
    expect(exitCode, output).toBe(0)
  }
})
