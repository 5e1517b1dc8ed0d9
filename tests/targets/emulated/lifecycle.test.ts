/** Behaviour of the emulated target beyond the contract (tests/targets/contract), equal in both runtimes. */
import { describe, expect, test } from 'vitest'
import type { PodSpec } from '../../../harness/scheduling/pod.ts'
import type { Target } from '../../../harness/targets/target.ts'
import { parseVisibleDevices } from '../../../harness/transfer/visible-devices.ts'
import {
  claimOf,
  linesOf,
  TARGET_CONTAINER,
  DEVICES_CONTAINER,
  podOf,
  rackTarget,
  RUNTIMES,
  SOON,
} from '../../support/emulated-target.ts'

const podsOf = async (target: Target): Promise<unknown> => (await target.diagnose('all'))['pods']

describe.for(RUNTIMES)('In the %s runtime', (runtime) => {
  async function started(spec: Partial<PodSpec> = {}) {
    const target = await rackTarget(runtime)
    const template = await claimOf(target, 1, 2)
    const pod = await target.run(await target.schedule(podOf(template, spec), SOON), SOON)
    return { target, template, pod }
  }

  test('a pod is scheduled with its devices, runs, prints the devices that it sees, and is released', async () => {
    const { target, pod } = await started()
    expect(pod.node).toBe('node-a')
    expect(pod.address).toMatch(/^10\.244\.\d+\.\d+$/)
    expect(pod.claim.status?.allocation?.devices.results.map(({ device }) => device)).toEqual([
      'gpu-0',
      'pci-0101-00-00-0',
      'pci-0102-00-00-0',
    ])
    expect(pod.claim.status?.devices?.map(({ networkData }) => networkData?.interfaceName)).toEqual([
      'rdma0',
      'rdma1',
    ])
    const lines = await linesOf(target.log(pod, 'main'))
    const { infiniband } = await parseVisibleDevices(target.log(pod, 'main'), 'pod')
    const uverbs = infiniband.flatMap(({ path }) => (path.includes('/uverbs') ? path : []))
    expect(uverbs).toEqual(['/dev/infiniband/uverbs0', '/dev/infiniband/uverbs1'])
    expect(await target.exit(pod, 'main', SOON)).toEqual({ code: 0, signal: null })
    // A later reader reads the whole log again.
    expect(await linesOf(target.log(pod, 'main'))).toEqual(lines)
    await target.release([pod], SOON)
    expect(await podsOf(target)).toEqual([])
  })

  test('a pod can be run only once', async () => {
    const { target, pod } = await started()
    await expect(target.run(pod, SOON)).rejects.toMatchObject({ code: 'ALREADY_EXISTS', subject: 'pod pod' })
  })

  test('a claim that cannot be satisfied is rejected at once, with the reason', async () => {
    const target = await rackTarget(runtime, [
      '{ kind: numa-misreport, node: node-a, nic: mlx5_1, numaNode: 1 }',
    ])
    const template = await claimOf(target, 4, 4)
    await expect(target.schedule(podOf(template, { nodes: ['node-a'] }), SOON)).rejects.toMatchObject({
      code: 'CLAIM_UNSATISFIABLE',
      message: expect.stringMatching(/node-a.*nic.*3/s),
    })
    expect(await podsOf(target)).toEqual([])
  })

  test('a claim that could not be satisfied with all devices free is rejected at once', async () => {
    const fault = '{ kind: numa-misreport, node: node-a, nic: mlx5_1, numaNode: 1 }'
    const target = await rackTarget(runtime, [fault])
    const template = await claimOf(target, 4, 4)
    const pair = (name: string) => target.schedule(podOf(template, { name, group: 'pair' }), SOON)
    expect((await pair('receiver')).node).toBe('node-b')
    await expect(pair('sender')).rejects.toMatchObject({
      code: 'CLAIM_UNSATISFIABLE',
      message: expect.stringMatching(/node-a.*nic.*3/s),
    })
  })

  test('a pod that failed to start can be released', async () => {
    const target = await rackTarget(runtime)
    const template = await claimOf(target, 1, 1)
    const containers = [DEVICES_CONTAINER, { ...DEVICES_CONTAINER, name: 'second', args: ['\0'] }]
    const pod = await target.schedule(podOf(template, { containers }), SOON)
    await Promise.allSettled([target.run(pod, SOON)])
    await target.release([pod], SOON)
    expect(await podsOf(target)).toEqual([])
  })

  test('a closed target rejects every call, and can be closed again', async () => {
    const { target, template, pod } = await started()
    const idle = await target.schedule(podOf(template, { name: 'idle' }), SOON)
    await Promise.all([target.close(), target.close()])
    const refused = { code: 'INTERRUPTED', message: expect.stringContaining('the rack has been closed') }
    await expect(target.schedule(podOf(template, { name: 'new' }), SOON)).rejects.toMatchObject(refused)
    await expect(target.run(idle, SOON)).rejects.toMatchObject(refused)
    await expect(target.exec(pod, 'main', ['--mode', 'devices'], SOON)).rejects.toMatchObject(refused)
    expect(() => target.log(pod, 'main')).toThrow(expect.objectContaining(refused))
    await expect(target.exit(pod, 'main', SOON)).rejects.toMatchObject(refused)
    await target.release([pod, idle], SOON)
    expect(await target.diagnose('all')).toMatchObject({ pods: [], runtime: 'closed' })
  })

  test('closing ends pending waits for devices, a start, a log and an exit', async () => {
    const target = await rackTarget(runtime)
    const template = await claimOf(target, 4, 4)
    const nodes = ['node-a']
    const pod = await target.run(
      await target.schedule(
        podOf(template, { name: 'listening', nodes, containers: [TARGET_CONTAINER] }),
        SOON,
      ),
      SOON,
    )
    const other = await target.schedule(podOf(template, { name: 'other', nodes: ['node-b'] }), SOON)
    const waiting = [
      target.schedule(podOf(template, { name: 'waiting', nodes }), SOON),
      target.run(other, SOON),
      linesOf(target.log(pod, 'main')),
      target.exit(pod, 'main', SOON),
    ].map((work) =>
      work.then(
        () => 'ended',
        (error: unknown) => String((error as { code?: unknown }).code),
      ),
    )
    await target.close()
    const [scheduling, ...others] = await Promise.all(waiting)
    expect(scheduling).toBe('INTERRUPTED')
    for (const how of others)
      expect(['ended', 'INTERRUPTED', 'NODE_AGENT_FAILED', 'POD_FAILED']).toContain(how)
  })
})
