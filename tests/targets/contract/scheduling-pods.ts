/**
 * The part of the contract in `target.ts` that concerns scheduling and release. It applies to every target, whether or not
 * its pods run.
 */
import { describe, expect, test } from 'vitest'
import type { Target } from '../../../harness/targets/target.ts'
import { claimOf, TARGET_CONTAINER, DEVICES_CONTAINER, podOf, SOON } from '../../support/emulated-target.ts'
import {
  deviceNames,
  devicesOf,
  failure,
  gpus,
  BRIEF,
  onNode,
  openForTest,
  templateOf,
  type Open,
} from './contract-support.ts'

const HALF = [4, 4] as const
/** A pod that keeps running, since Kubernetes deallocates the devices of a pod that has ended. */
const RUNNING = { containers: [TARGET_CONTAINER] }

export function schedulingContract(open: Open): void {
  async function withHalf(): Promise<{ target: Target; template: string }> {
    const target = await openForTest(open)
    return { target, template: await claimOf(target, ...HALF) }
  }

  describe('nodes and slices', () => {
    test('are named, and every node publishes GPUs and NICs', async () => {
      const target = await openForTest(open)
      const nodes = await target.nodes()
      expect(nodes).toEqual(['node-a', 'node-b'])
      const published = (await target.slices()).map(({ spec }) => `${spec.nodeName} ${spec.driver}`)
      expect(published.sort()).toEqual(nodes.flatMap((node) => [`${node} dra.net`, `${node} gpu.nvidia.com`]))
    })
  })

  describe('a template', () => {
    test('may be applied again, and changed for later pods', async () => {
      const target = await openForTest(open)
      for (const count of [1, 1, 3]) await target.apply(templateOf('changing', gpus(count)))
      const pod = await target.schedule(podOf('changing'), SOON)
      expect(deviceNames(pod)).toHaveLength(3)
    })

    test('that was not applied is named', async () => {
      const target = await openForTest(open)
      await expect(target.schedule(podOf('nothing'), SOON)).rejects.toEqual(
        failure('NOT_FOUND', 'ResourceClaimTemplate nothing'),
      )
    })
  })

  describe('a pod', () => {
    test('is allocated devices that its node publishes, reserved for it alone', async () => {
      const { target, template } = await withHalf()
      const pod = await target.schedule(podOf(template), SOON)
      expect(devicesOf(pod).filter(({ request }) => request === 'gpu')).toHaveLength(4)
      expect(devicesOf(pod).filter(({ request }) => request === 'nic')).toHaveLength(4)
      const published = (await target.slices())
        .filter(({ spec }) => spec.nodeName === pod.node)
        .flatMap(({ spec }) =>
          (spec.devices ?? []).map(({ name }) => `${spec.driver}/${spec.pool.name}/${name}`),
        )
      for (const { driver, pool, device } of devicesOf(pod)) {
        expect(published).toContain(`${driver}/${pool}/${device}`)
      }
      expect(pod.claim.status?.reservedFor).toMatchObject([{ resource: 'pods', name: 'pod' }])
    })

    test('never shares a node with another pod of its group, but may with other pods', async () => {
      const target = await openForTest(open)
      const template = await claimOf(target, 1, 1)
      const schedule = (name: string, group: string, wait = SOON) =>
        target.schedule(podOf(template, { name, group }), wait)
      const first = await schedule('a', 'pair')
      const second = await schedule('b', 'pair')
      expect([first.node, second.node].sort()).toEqual(['node-a', 'node-b'])
      await expect(schedule('c', 'pair', BRIEF)).rejects.toEqual(
        failure('CLAIM_UNSATISFIABLE', 'claim', 'holds pod a of the same group'),
      )
      await schedule('d', 'other')
    })

    test('is scheduled only to the nodes of its spec', async () => {
      const target = await openForTest(open)
      const template = await claimOf(target, 1, 1)
      const there = await target.schedule(podOf(template, { name: 'a', ...onNode('node-b') }), SOON)
      expect(there.node).toBe('node-b')
      await expect(
        target.schedule(podOf(template, { name: 'b', ...onNode('node-z') }), BRIEF),
      ).rejects.toEqual(failure('CLAIM_UNSATISFIABLE', 'claim', 'is not one of node-z'))
    })

    test('has a unique name', async () => {
      const { target, template } = await withHalf()
      await target.schedule(podOf(template), SOON)
      await expect(target.schedule(podOf(template), SOON)).rejects.toEqual(
        failure('ALREADY_EXISTS', 'pod pod'),
      )
    })
  })

  describe('a claim', () => {
    test('that cannot be satisfied is rejected long before the deadline, with the reason', async () => {
      const target = await openForTest(open)
      await target.apply(templateOf('nine', gpus(9)))
      const forever = { within: (10 * SOON.within) as typeof SOON.within }
      await expect(target.schedule(podOf('nine'), forever)).rejects.toEqual(
        failure('CLAIM_UNSATISFIABLE', 'claim', 'needs 9: 8 devices of class gpu.nvidia.com'),
      )
      // The name is free again.
      await target.schedule(podOf(await claimOf(target, 1, 1)), SOON)
    })

    test('whose selector fails on a device is rejected long before the deadline', async () => {
      const target = await openForTest(open)
      await target.apply(templateOf('fails', gpus(1, 'device.attributes["gpu.nvidia.com"]["nosuch"] == 1')))
      const forever = { within: (10 * SOON.within) as typeof SOON.within }
      await expect(target.schedule(podOf('fails'), forever)).rejects.toEqual(
        failure('CEL_RUNTIME', '', 'attribute nosuch'),
      )
    })

    test('waits for devices of another pod, and is allocated them', async () => {
      const { target, template } = await withHalf()
      const here = onNode('node-a')
      const holder = await target.schedule(podOf(template, { name: 'holder', ...RUNNING, ...here }), SOON)
      const waiting = target.schedule(podOf(template, { name: 'waiting', ...here }), SOON)
      const first = Promise.race([
        waiting.then(() => 'scheduled'),
        new Promise((go) => setImmediate(go, 'waiting')),
      ])
      expect(await first).toBe('waiting')
      await target.release([holder], SOON)
      expect(deviceNames(await waiting)).toEqual(deviceNames(holder))
    })

    test('that times out names the pod that holds the devices', async () => {
      const { target, template } = await withHalf()
      const here = onNode('node-a')
      await target.schedule(podOf(template, { name: 'holder', ...RUNNING, ...here }), SOON)
      await expect(target.schedule(podOf(template, { name: 'late', ...here }), BRIEF)).rejects.toEqual(
        failure('CLAIM_UNSATISFIABLE', 'late', 'holder'),
      )
    })

    test('whose wait is aborted leaves its name and devices free', async () => {
      const { target, template } = await withHalf()
      const here = onNode('node-a')
      const holder = await target.schedule(podOf(template, { name: 'holder', ...RUNNING, ...here }), SOON)
      const over = new AbortController()
      const late = podOf(template, { name: 'late', ...here })
      const waiting = target.schedule(late, { ...SOON, signal: over.signal })
      over.abort()
      await expect(waiting).rejects.toEqual(failure('INTERRUPTED', 'late'))
      await expect(target.schedule(late, { ...SOON, signal: over.signal })).rejects.toEqual(
        failure('INTERRUPTED', 'late'),
      )
      await target.release([holder], SOON)
      expect(deviceNames(await target.schedule(late, SOON))).toEqual(deviceNames(holder))
    })
  })

  describe('releasing', () => {
    test('is idempotent, concurrently and repeatedly, and frees the devices for the next claim', async () => {
      const { target, template } = await withHalf()
      const one = await target.schedule(podOf(template, { name: 'one', ...onNode('node-a') }), SOON)
      const two = await target.schedule(podOf(template, { name: 'two', ...onNode('node-b') }), SOON)
      await Promise.all([target.release([one, two], SOON), target.release([two, one], SOON)])
      await target.release([one], SOON)
      // With the same name, and without waiting for devices.
      const again = await target.schedule(podOf(template, { name: 'one', ...onNode('node-a') }), SOON)
      expect(deviceNames(again)).toEqual(deviceNames(one))
    })

    test('of no pods does nothing', async () => {
      const target = await openForTest(open)
      await expect(target.release([], SOON)).resolves.toBeUndefined()
    })
  })

  describe('secrets', () => {
    test('are in neither claims nor diagnoses', async () => {
      const target = await openForTest(open)
      const template = await claimOf(target, 1, 1)
      const secret = 'f'.repeat(64)
      const containers = [{ ...TARGET_CONTAINER, secretEnv: { TRANSFER_SECRET: secret } }]
      const pod = await target.schedule(podOf(template, { containers }), SOON)
      expect(JSON.stringify(pod.claim)).not.toContain(secret)
      expect(JSON.stringify(await target.diagnose('pod'))).not.toContain(secret)
    })
  })

  describe('a diagnosis', () => {
    test('is JSON of limited size before, during and after pods exist', async () => {
      const { target, template } = await withHalf()
      const sizes = async () => JSON.stringify(await target.diagnose('everything')).length
      const before = await sizes()
      await target.schedule(podOf(template, { containers: [DEVICES_CONTAINER] }), SOON)
      const during = await sizes()
      await target.close()
      const after = await sizes()
      for (const size of [before, during, after]) expect(size).toBeLessThan(1_000_000)
      expect(await target.diagnose('everything')).toMatchObject({ subject: 'everything' })
    })
  })

  describe('closing', () => {
    test('removes everything, ends pending waits, and is idempotent', async () => {
      const { target, template } = await withHalf()
      const here = onNode('node-a')
      const holder = await target.schedule(podOf(template, { name: 'holder', ...RUNNING, ...here }), SOON)
      const waiting = target
        .schedule(podOf(template, { name: 'waiting', ...here }), SOON)
        .catch((error: unknown) => error)
      await Promise.all([target.close(), target.close()])
      expect(await waiting).toEqual(failure('INTERRUPTED', 'waiting'))
      await expect(target.schedule(podOf(template, { name: 'new' }), SOON)).rejects.toEqual(
        failure('INTERRUPTED', 'pod new', 'closed'),
      )
      await expect(target.run(holder, SOON)).rejects.toEqual(failure('INTERRUPTED', 'pod holder'))
      await target.release([holder], SOON)
      await target.close()
    })

    test('of an unused target does nothing', async () => {
      const target = await open()
      await expect(target.close()).resolves.toBeUndefined()
    })
  })
}
