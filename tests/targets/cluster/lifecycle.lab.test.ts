/** Pods from apply to release, on a real API server with a real scheduler and a fake kubelet. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { seconds } from '../../../harness/core/units.ts'
import { newRunId } from '../../../harness/targets/cluster/run-namespace.ts'
import { AT_ONCE, claimOf, TARGET_CONTAINER, podOf, SOON } from '../../support/emulated-target.ts'
import { fakeNodeCluster, RACK, targetOn } from './fake-node-cluster.ts'

const cluster = fakeNodeCluster()
const SHORT = { within: seconds(5) }

interface Listed {
  readonly metadata: {
    readonly name: string
    readonly labels: Record<string, string>
    readonly annotations: Record<string, string>
  }
}

describe('nodes and slices', () => {
  test('are those that drivers publish', async () => {
    const target = targetOn(cluster)
    expect(await target.nodes()).toEqual(RACK.nodes)
    expect((await target.slices()).map(({ metadata }) => metadata.name).sort()).toEqual([
      'node-a-dra.net',
      'node-a-gpu.nvidia.com',
      'node-b-dra.net',
      'node-b-gpu.nvidia.com',
    ])
    expect(await target.slices()).toBe(await target.slices())
  })

  test('are those of the nodes under test', async () => {
    const target = targetOn(cluster, { nodes: ['node-b'] })
    expect(await target.nodes()).toEqual(['node-b'])
    expect((await target.slices()).map(({ spec }) => spec.nodeName)).toEqual(['node-b', 'node-b'])
    await expect(targetOn(cluster, { nodes: ['node-x'] }).nodes()).rejects.toMatchObject({
      code: 'VARIABLE_INVALID',
      message:
        'CLAIMCHECK_NODES names nodes that the cluster does not have: node-x. The cluster has the nodes node-a, node-b.',
    })
  })

  test('do not include a node that is cordoned', async () => {
    await cluster.plane.kubectl(['cordon', 'node-b'])
    onTestFinished(() => void cluster.plane.kubectl(['uncordon', 'node-b']))
    expect(await targetOn(cluster).nodes()).toEqual(['node-a'])
    await cluster.plane.kubectl(['uncordon', 'node-b'])
  })
})

describe('a pod', () => {
  test('is allocated devices, runs on another node than its peer, and leaves no objects', async () => {
    const target = targetOn(cluster, { namespace: { kind: 'own', removedBy: 'target' } })
    const template = await claimOf(target, 4, 4)
    const one = await target.schedule(
      podOf(template, { name: 'one', group: 'g', containers: [TARGET_CONTAINER] }),
      SOON,
    )
    const two = await target.schedule(podOf(template, { name: 'two', group: 'g' }), SOON)
    expect([one.node, two.node].sort()).toEqual(RACK.nodes)
    expect(one.claim.status?.allocation?.devices.results).toHaveLength(8)
    expect(one.claim.status?.reservedFor).toMatchObject([{ resource: 'pods', name: 'one' }])
    expect((await target.run(one, SOON)).address).toBe('10.0.0.1')
    await target.release([one, two], SOON)
    const left = await cluster.plane.kubectl(['get', 'pods,resourceclaims,secrets', '-A', '-o', 'name'])
    expect(left).toBe('')
    await target.release([one, two], SOON)
    await target.close()
    expect(await cluster.plane.kubectl(['get', 'namespaces', '-o', 'name'])).not.toContain('claimcheck-')
  })

  test('and its Secret have the run label and the expiry', async () => {
    const runId = newRunId()
    const target = targetOn(cluster, { runId })
    const template = await claimOf(target, 1, 1)
    await target.schedule(podOf(template, { containers: [TARGET_CONTAINER] }), SOON)
    for (const plural of ['pods', 'secrets']) {
      const [object] = await cluster.api.list<Listed>(`/api/v1/namespaces/claimcheck-${runId}/${plural}`)
      expect(object?.metadata.labels['claimcheck.dev/run']).toBe(runId)
      expect(Date.parse(object?.metadata.annotations['claimcheck.dev/expires'] ?? '')).toBeGreaterThan(
        Date.now(),
      )
    }
    const pod = await cluster.plane.kubectl(['get', 'pods', '-n', target.namespace, '-o', 'yaml'])
    expect(pod).not.toContain('0'.repeat(64))
  })

  test('is refused without its template, with a name that exists, and after close', async () => {
    const target = targetOn(cluster)
    await expect(target.schedule(podOf('none'), SOON)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    const template = await claimOf(target, 1, 1)
    const pod = await target.schedule(podOf(template), SOON)
    await expect(target.schedule(podOf(template), SOON)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    await target.release([pod], SOON)
    await expect(target.run(pod, SOON)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await target.close()
    await expect(target.schedule(podOf(template), SOON)).rejects.toMatchObject({ code: 'INTERRUPTED' })
  })

  test('waits for devices that another pod holds', async () => {
    const target = targetOn(cluster)
    const template = await claimOf(target, 4, 4)
    const on = { nodes: ['node-a'] }
    const holder = await target.schedule(podOf(template, { name: 'holder', ...on }), SOON)
    const waiting = target.schedule(podOf(template, { name: 'waiting', ...on }), SOON)
    await target.release([holder], SOON)
    expect(await waiting).toMatchObject({ node: 'node-a' })
  })

  test('that times out reports which pods hold the devices', async () => {
    const [target, other] = [targetOn(cluster), targetOn(cluster)]
    const on = { nodes: ['node-a'] }
    await other.schedule(podOf(await claimOf(other, 4, 4), { name: 'holder', ...on }), SOON)
    const template = await claimOf(target, 4, 4)
    await expect(target.schedule(podOf(template, { name: 'late', ...on }), SHORT)).rejects.toMatchObject({
      code: 'CLAIM_UNSATISFIABLE',
      message: expect.stringMatching(new RegExp(`in use: .* by pods ${other.namespace}/holder`)),
    })
    expect(await cluster.plane.kubectl(['get', 'pods', '-n', target.namespace, '-o', 'name'])).toBe('')
  })

  test('that cannot be satisfied is rejected at once, with the reason for each node and the message of the scheduler', async () => {
    const target = targetOn(cluster)
    const template = await claimOf(target, 4, 4)
    const group = { group: 'g' }
    await target.schedule(podOf(template, { name: 'a', ...group }), SOON)
    await target.schedule(podOf(template, { name: 'b', ...group }), SOON)
    const began = performance.now()
    const error = await target
      .schedule(podOf(template, { name: 'c', ...group }), SOON)
      .catch((one: unknown) => one)
    expect(error).toMatchObject({ code: 'CLAIM_UNSATISFIABLE' })
    expect(String(error)).toContain('node-a: excluded, holds pod')
    expect(String(error)).toContain('the scheduler reports: 0/2 nodes are available')
    expect(performance.now() - began).toBeLessThan(SOON.within * 1000)
  })

  test('whose DeviceClass does not exist is rejected', async () => {
    const target = targetOn(cluster)
    const template = {
      apiVersion: 'resource.k8s.io/v1',
      kind: 'ResourceClaimTemplate',
      metadata: { name: 'strange' },
      spec: {
        spec: {
          devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpu.nvidia.co', count: 1 } }] },
        },
      },
    } as const
    await target.apply(template)
    await expect(target.schedule(podOf('strange'), SOON)).rejects.toMatchObject({
      code: 'DEVICE_CLASS_MISSING',
    })
  })

  test('with a selector that does not compile is refused before the API server sees it', async () => {
    const target = targetOn(cluster)
    const template = {
      apiVersion: 'resource.k8s.io/v1',
      kind: 'ResourceClaimTemplate',
      metadata: { name: 'bad' },
      spec: {
        spec: {
          devices: {
            requests: [
              {
                name: 'gpu',
                exactly: {
                  deviceClassName: 'gpu.nvidia.com',
                  selectors: [{ cel: { expression: 'devic.driver == "x"' } }],
                },
              },
            ],
          },
        },
      },
    } as const
    await expect(target.apply(template)).rejects.toMatchObject({ code: 'CEL_INVALID' })
  })
})

describe('a pod that fails', () => {
  test('because its image cannot be pulled', async () => {
    const target = targetOn(cluster)
    const template = await claimOf(target, 1, 1)
    cluster.kubelet.states.set('pull', { waiting: { reason: 'ErrImagePull', message: 'no such image' } })
    const pod = await target.schedule(podOf(template, { name: 'pull' }), SOON)
    await expect(target.run(pod, SOON)).rejects.toMatchObject({
      code: 'POD_FAILED',
      message: expect.stringMatching(
        /pod pull could not start container main: ErrImagePull: found no such image\. Set CLAIMCHECK_IMAGE/,
      ),
    })
  })

  test('to start in time is reported with its last state and events', async () => {
    const target = targetOn(cluster)
    const template = await claimOf(target, 1, 1)
    cluster.kubelet.states.set('slow', { waiting: { reason: 'ContainerCreating' } })
    const pod = await target.schedule(podOf(template, { name: 'slow' }), SOON)
    await expect(target.run(pod, AT_ONCE)).rejects.toMatchObject({
      code: 'DEADLINE',
      message: expect.stringMatching(/pod slow on node-.*ContainerCreating.*Normal Scheduled on Pod slow/),
    })
  })

  test('to be deleted is reported with its claim and the holder', async () => {
    const target = targetOn(cluster)
    const template = await claimOf(target, 1, 1)
    const pod = await target.schedule(podOf(template, { name: 'stuck' }), SOON)
    cluster.kubelet.undeletable.add('stuck')
    await expect(target.release([pod], SHORT)).rejects.toMatchObject({
      code: 'CLAIM_NOT_RELEASED',
      message: expect.stringMatching(
        /pod stuck is .* to be deleted by .*ResourceClaim stuck-devices-\w+ holds .*, reserved for pods\/stuck/,
      ),
    })
    cluster.kubelet.undeletable.delete('stuck')
  })
})
