/** Faults of a rack file are there in the lab's pods: in devices, interfaces, routes, statuses and links. */
import { resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { gpusWithNics } from '../../../harness/claim/numa-placements.ts'
import { publicationOf } from '../../../harness/claim/publication.ts'
import { numaTemplate } from '../../../harness/claim/claim-template.ts'
import { faultSchema } from '../../../harness/rack/fault.ts'
import { loadRack } from '../../../harness/rack/rack.ts'
import { publishRack } from '../../../harness/emulation/publish-rack.ts'
import type { Lab } from '../../../harness/targets/lab/lab.ts'
import { visibleDevicesSchema } from '../../../harness/transfer/visible-devices.ts'
import { IDLE, labFor, Pods, until } from '../../support/lab-pods.ts'

const RACK = resolve(import.meta.dirname, '../../../fixtures/racks/h100-2node.yaml')
const BINARY = '/opt/claimcheck/bin/claimcheck-transfer'

describe('faults', () => {
  let lab: Lab
  let pods: Pods

  beforeAll(async () => {
    const faults = [
      { kind: 'device-leak', node: 'node-a', nic: 'mlx5_7' },
      { kind: 'device-missing', node: 'node-a', nic: 'mlx5_1' },
      { kind: 'device-unopenable', node: 'node-a', nic: 'mlx5_2' },
      { kind: 'mtu', node: 'node-a', nic: 'mlx5_3', mtu: 1500 },
      { kind: 'late-status', node: 'node-a', by: '4 s' },
      { kind: 'numa-moved', node: 'node-a', nic: 'mlx5_3', numaNode: 1 },
      { kind: 'tcp-fallback', node: 'node-a' },
      { kind: 'prepare-fails-once', node: 'node-b' },
      { kind: 'rail-shared', node: 'node-b', nic: 'mlx5_1', over: 'mlx5_0' },
      { kind: 'nic-slow', node: 'node-b', nic: 'mlx5_2', fraction: 0.5 },
      { kind: 'link-cut', node: 'node-b', nic: 'mlx5_5', afterBytes: '1 GB' },
      { kind: 'rdma-misreport', node: 'node-b', nic: 'mlx5_7' },
    ].map((fault) => faultSchema.parse(fault))
    const rack = { ...loadRack(RACK), faults }
    lab = await labFor(rack)
    pods = new Pods(lab)
    const published = publicationOf(publishRack(rack).slices)
    const all = (name: string, nicsOn: number, nics: number) =>
      numaTemplate(gpusWithNics({ gpus: 4, gpusOn: 0, nics, nicsOn }), rack.sku, { published, name })
    await pods.template(all('near', 0, 4))
    await pods.template(all('far', 1, 3))
  })
  afterAll(() => lab?.stop())

  test('devices, MTU and NUMA nodes are those of the fault, the status comes late', async () => {
    await pods.create('near-a', { template: 'near', node: 'node-a', containers: { transfer: IDLE } })
    await pods.running('near-a')
    expect((await pods.claimOf('near-a')).status?.devices).toBeUndefined()
    const out = await pods.exec('near-a', 'transfer', [BINARY, '--mode', 'devices'])
    const { infiniband } = visibleDevicesSchema.parse(JSON.parse(out.slice(out.indexOf('{'))))
    expect(
      Object.fromEntries(infiniband.map(({ path, opens }) => [path.slice('/dev/infiniband/'.length), opens])),
    ).toEqual({
      rdma_cm: true,
      umad0: true,
      uverbs0: true,
      umad2: false,
      uverbs2: false,
      umad3: true,
      uverbs3: true,
      umad7: true,
      uverbs7: true,
    })
    const read = async (...paths: string[]) =>
      (await pods.exec('near-a', 'transfer', ['cat', ...paths])).trim().split('\n')
    expect(await read('/sys/class/net/rdma2/mtu', '/sys/class/net/rdma3/mtu')).toEqual(['9000', '1500'])
    expect(
      await read(
        '/sys/class/infiniband/mlx5_2/device/numa_node',
        '/sys/class/infiniband/mlx5_3/device/numa_node',
      ),
    ).toEqual(['0', '1'])
    expect(await routeOnNode('node-a', '10.64.0.2 from 10.64.0.1')).toContain('dev eth0')
    await until(
      'the late status',
      () => pods.claimOf('near-a'),
      ({ status }) => status?.devices?.length === 4,
    )
  })

  test('the first prepare of a claim fails and is told, the next one does not', async () => {
    await pods.create('near-b', { template: 'near', node: 'node-b', containers: { transfer: IDLE } })
    await pods.running('near-b')
    const messages = await pods.events('near-b', 'FailedPrepareDynamicResources')
    expect(messages.join()).toContain('interface configuration is not supported for RDMA-only devices')
  })

  /** In the one pod of the node. */
  const inPod = async (node: string, command: string): Promise<string> => {
    const namespace = `NS=$(ip netns list | head -1 | cut -d" " -f1); ip netns exec "$NS"`
    return (await lab.exec(node, ['sh', '-c', `${namespace} ${command}`])).output
  }
  const routeOnNode = (node: string, to: string): Promise<string> => inPod(node, `ip route get ${to}`)

  test('one NIC carries for another, and one is slow', async () => {
    expect(await routeOnNode('node-b', '10.64.1.1 from 10.64.1.2')).toContain('dev rdma0')
    expect(await routeOnNode('node-b', '10.64.2.1 from 10.64.2.2')).toContain('dev rdma2')
    const output = [
      await inPod('node-b', 'tc qdisc show dev rdma1'),
      await inPod('node-b', 'tc qdisc show dev rdma2'),
      (await lab.exec('node-b', ['tc', 'qdisc', 'show', 'dev', 'f-rdma2'])).output,
    ].join('\n')
    const rates = [...output.matchAll(/tbf .*rate (\d+)Kbit/g)].map(([, rate]) => Number(rate))
    expect(rates).toHaveLength(3)
    const [whole = 0, sent = 0, received = 0] = rates
    expect(sent / whole).toBeCloseTo(0.5, 2)
    expect(received).toBe(sent)
  })

  test('a link that was cut stays down', async () => {
    await pods.remove('near-a', 'near-b')
    const run = (mode: string, ...more: string[]) => [
      BINARY,
      '--mode',
      mode,
      '--nics',
      'claimed',
      '--devices',
      'dram:0,dram:1,dram:2',
      '--block-size',
      '1000000',
      '--iters',
      '40',
      '--warmup-iters',
      '2',
      '--timeout-seconds',
      '20',
      ...more,
    ]
    await pods.create('target', {
      template: 'far',
      node: 'node-a',
      containers: { transfer: run('target'), idle: IDLE },
    })
    const { status } = await pods.running('target')
    const initiator = run('initiator', '--target-host', status?.podIP ?? '')
    await pods.create('initiator', {
      template: 'far',
      node: 'node-b',
      containers: { transfer: initiator, idle: IDLE },
    })
    await pods.running('initiator', 'idle')
    const carriers = ['cat', '/sys/class/net/rdma5/carrier', '/sys/class/net/rdma6/carrier']
    const [cut, whole] = await until(
      'the cut',
      async () => (await pods.exec('initiator', 'idle', carriers)).trim().split('\n'),
      ([carrier]) => carrier === '0',
    )
    expect([cut, whole]).toEqual(['0', '1'])
    expect(await pods.log('initiator', 'transfer')).not.toContain('RESULT {')
  })

  test('a NIC whose flag is wrong is never claimed', async () => {
    const claim = await pods.claimOf('initiator')
    const nics = claim.status?.allocation?.devices.results.filter(({ driver }) => driver === 'dra.net') ?? []
    expect(nics.map(({ device }) => device)).toEqual([
      'pci-0105-00-00-0',
      'pci-0106-00-00-0',
      'pci-0107-00-00-0',
    ])
    await pods.remove('initiator', 'target')
  })
})
