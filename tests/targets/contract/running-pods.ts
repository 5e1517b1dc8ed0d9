/**
 * The part of the contract in `target.ts` that concerns running pods: logs, exits, exec, isolation, release and close.
 * `programs` is false for a target whose containers are modelled instead of run.
 */
import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { seconds } from '../../../harness/core/units.ts'
import type { ContainerSpec, PodSpec, RunningPod } from '../../../harness/scheduling/pod.ts'
import { probeTopology } from '../../../harness/transfer/node-topology.ts'
import { parseVisibleDevices } from '../../../harness/transfer/visible-devices.ts'
import type { Target } from '../../../harness/targets/target.ts'
import {
  claimOf,
  linesOf,
  TARGET_CONTAINER,
  DEVICES_CONTAINER,
  podOf,
  SOON,
} from '../../support/emulated-target.ts'
import { deviceNames, failure, BRIEF, onNode, openForTest, type Open } from './contract-support.ts'

const DEVICES = ['--mode', 'devices']
/** A container whose arguments the binary rejects. */
const WRONG: ContainerSpec = { name: 'main', args: ['--mode', 'nonsense'] }

export function runningContract(open: Open, { programs }: { readonly programs: boolean }): void {
  async function startPod(spec: Partial<PodSpec> = {}): Promise<{ target: Target; pod: RunningPod }> {
    const target = await openForTest(open)
    return { target, pod: await start(target, spec) }
  }

  describe('a pod that runs', () => {
    test('has an address, and the state of its claimed NICs', async () => {
      const { pod } = await startPod({ containers: [TARGET_CONTAINER] })
      expect(pod.address).toMatch(/^\d+\.\d+\.\d+\.\d+$/)
      expect(pod.claim.metadata.name).not.toBe('')
    })

    test('is not found after it was released', async () => {
      const { target, pod } = await startPod()
      await target.release([pod], SOON)
      await expect(target.run(pod, SOON)).rejects.toEqual(failure('NOT_FOUND', 'pod pod'))
    })
  })

  describe('a probe', () => {
    test('says what the kernel of a node knows of its devices, and leaves no pod', async () => {
      const target = await openForTest(open)
      const [node = ''] = await target.nodes()
      const topology = await probeTopology(target, node)
      expect(topology.gpus).toHaveLength(8)
      expect(topology.nics.map(({ rdma_devices: [name] }) => name)).toContain('mlx5_0')
      const again = await probeTopology(target, node)
      expect(again).toEqual(topology)
    })
  })

  describe('a log', () => {
    test('is read from its beginning: by two readers at once, again, and after the container has ended', async () => {
      const { target, pod } = await startPod()
      const [one, two] = await Promise.all([
        linesOf(target.log(pod, 'main')),
        linesOf(target.log(pod, 'main')),
      ])
      expect(one.some((line) => line.startsWith('DEVICES '))).toBe(true)
      expect(two).toEqual(one)
      await target.exit(pod, 'main', SOON)
      expect(await linesOf(target.log(pod, 'main'))).toEqual(one)
    })

    test('is followed while the container runs, until the reader aborts', async () => {
      const { target, pod } = await startPod({ containers: [TARGET_CONTAINER] })
      const over = new AbortController()
      const seen: string[] = []
      for await (const line of target.log(pod, 'main', over.signal)) {
        seen.push(line)
        if (line.includes('target_ready')) over.abort()
      }
      expect(seen.some((line) => line.includes('target_ready'))).toBe(true)
      expect(await linesOf(target.log(pod, 'main', over.signal))).toEqual([])
    })

    test('of a container that does not exist is an error', async () => {
      const { target, pod } = await startPod()
      const absent = failure('NOT_FOUND', 'container pod/other')
      await expect(async () => linesOf(target.log(pod, 'other'))).rejects.toEqual(absent)
      await expect(async () => target.exit(pod, 'other', SOON)).rejects.toEqual(absent)
    })
  })

  describe('an exit', () => {
    test('has the code 0 on success', async () => {
      const { target, pod } = await startPod()
      expect(await target.exit(pod, 'main', SOON)).toEqual({ code: 0, signal: null })
      expect(await target.exit(pod, 'main', SOON)).toEqual({ code: 0, signal: null })
    })

    test.runIf(programs)('has another code on failure', async () => {
      const { target, pod } = await startPod({ containers: [WRONG] })
      const { code, signal } = await target.exit(pod, 'main', SOON)
      expect(code).toBeGreaterThan(0)
      expect(signal).toBeNull()
    })

    test.runIf(programs)('is awaited until the deadline or an abort', async () => {
      const { target, pod } = await startPod({ containers: [TARGET_CONTAINER] })
      const brief = { within: seconds(1) }
      await expect(target.exit(pod, 'main', brief)).rejects.toEqual(failure('DEADLINE', 'pod/main'))
      const over = new AbortController()
      const waiting = target.exit(pod, 'main', { ...SOON, signal: over.signal })
      over.abort()
      await expect(waiting).rejects.toEqual(failure('INTERRUPTED', 'pod/main'))
    })
  })

  describe('a command', () => {
    test('runs beside a container, with its devices', async () => {
      const { target, pod } = await startPod({ containers: [TARGET_CONTAINER] })
      const ran = await target.exec(pod, 'main', DEVICES, SOON)
      expect(ran).toMatchObject({ code: 0, signal: null })
      expect(await uverbsIn(Readable.from(ran.stdout.split('\n')))).toHaveLength(2)
    })

    test.runIf(programs)('that fails has its exit code and output', async () => {
      const { target, pod } = await startPod({ containers: [TARGET_CONTAINER] })
      const ran = await target.exec(pod, 'main', WRONG.args, SOON)
      expect(ran.code).toBeGreaterThan(0)
      expect(`${ran.stdout}${ran.stderr}`).toContain('nonsense')
    })

    test.runIf(programs)('that does not end is killed at the deadline', async () => {
      const { target, pod } = await startPod({ containers: [TARGET_CONTAINER] })
      const port = ['--port', '5999']
      await expect(target.exec(pod, 'main', [...TARGET_CONTAINER.args, ...port], BRIEF)).rejects.toEqual(
        failure('DEADLINE', 'pod/main'),
      )
      expect(await target.exec(pod, 'main', DEVICES, SOON)).toMatchObject({ code: 0 })
    })

    test.runIf(programs)('in a container that has ended is rejected', async () => {
      const { target, pod } = await startPod()
      await target.exit(pod, 'main', SOON)
      await expect(target.exec(pod, 'main', DEVICES, SOON)).rejects.toEqual(failure('EXEC_FAILED', 'pod'))
    })

    test('in a container that does not exist is rejected', async () => {
      const { target, pod } = await startPod({ containers: [TARGET_CONTAINER] })
      await expect(target.exec(pod, 'other', DEVICES, SOON)).rejects.toMatchObject({
        name: 'ClaimcheckError',
        message: expect.stringContaining('other'),
      })
    })
  })

  describe('isolation', () => {
    test('is per pod: its containers see the same devices', async () => {
      const { target, pod } = await startPod({
        containers: [DEVICES_CONTAINER, { ...DEVICES_CONTAINER, name: 'second' }],
      })
      const [one, two] = await Promise.all(['main', 'second'].map((name) => uverbsOf(target, pod, name)))
      expect(one).toHaveLength(2)
      expect(two).toEqual(one)
    })

    test('two pods of one node have no device in common', async () => {
      const { target, pod } = await startPod(onNode('node-a'))
      const other = await start(target, { name: 'other', ...onNode('node-a') })
      expect(other.node).toBe(pod.node)
      expect(deviceNames(pod).filter((name) => deviceNames(other).includes(name))).toEqual([])
      const [one, two] = [await uverbsOf(target, pod), await uverbsOf(target, other)]
      expect([one, two].map(({ length }) => length)).toEqual([2, 2])
      expect(one.filter((path) => two.includes(path))).toEqual([])
    })
  })

  describe('releasing', () => {
    test('frees the devices and names of pods in any state: scheduled, running, ended', async () => {
      const target = await openForTest(open)
      const template = await claimOf(target, 1, 2)
      const here = onNode('node-a')
      const scheduled = await target.schedule(podOf(template, { name: 'scheduled', ...here }), SOON)
      const running = await start(target, { name: 'running', containers: [TARGET_CONTAINER], ...here })
      const ended = await start(target, { name: 'ended', ...onNode('node-b') })
      await target.exit(ended, 'main', SOON)
      const all = [scheduled, running, ended]
      await target.release(all, SOON)
      await target.release(all, SOON)
      for (const pod of all) {
        const again = await target.schedule(
          podOf(template, { ...onNode(pod.node), name: pod.spec.name }),
          SOON,
        )
        expect(deviceNames(again)).toEqual(deviceNames(pod))
      }
    })

    test('ends the logs that are being read', async () => {
      const { target, pod } = await startPod({ containers: [TARGET_CONTAINER] })
      const reading = linesOf(target.log(pod, 'main')).then(
        () => 'ended',
        (error: unknown) => String(error),
      )
      await target.release([pod], SOON)
      expect(await reading).toBe('ended')
    })
  })

  describe('closing', () => {
    test('ends pending starts, logs and exits, and rejects later calls', async () => {
      const { target, pod } = await startPod({ containers: [TARGET_CONTAINER], ...onNode('node-a') })
      const template = await claimOf(target, 1, 2)
      const other = await target.schedule(podOf(template, { name: 'other' }), SOON)
      const waiting = [
        target.run(other, SOON),
        linesOf(target.log(pod, 'main')),
        target.exit(pod, 'main', SOON),
      ].map((work) =>
        work.then(
          () => 'ended',
          (error: unknown) => (error as Error).name,
        ),
      )
      await target.close()
      for (const how of await Promise.all(waiting)) expect(['ended', 'ClaimcheckError']).toContain(how)
      const refused = failure('INTERRUPTED', 'pod pod', 'closed')
      await expect(target.exec(pod, 'main', DEVICES, SOON)).rejects.toEqual(refused)
      await expect(target.exit(pod, 'main', SOON)).rejects.toEqual(refused)
      await expect(async () => linesOf(target.log(pod, 'main'))).rejects.toEqual(refused)
    })
  })
}

/** Starts a pod with one GPU and two NICs; `spec` overrides fields of the pod. */
async function start(target: Target, spec: Partial<PodSpec>): Promise<RunningPod> {
  const template = await claimOf(target, 1, 2)
  return target.run(await target.schedule(podOf(template, spec), SOON), SOON)
}

/** The verbs devices in /dev; what the node's /sys lists is the same in every pod. */
async function uverbsIn(lines: AsyncIterable<string>): Promise<string[]> {
  const { infiniband } = await parseVisibleDevices(lines, 'pod')
  return infiniband.flatMap(({ path }) => (path.includes('/uverbs') ? path : [])).sort()
}

const uverbsOf = (target: Target, pod: RunningPod, container = 'main'): Promise<string[]> =>
  uverbsIn(target.log(pod, container))
