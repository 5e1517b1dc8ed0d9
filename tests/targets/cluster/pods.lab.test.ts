/** Pods on real nodes: logs, exit codes, exec, and transfers whose pods fail or compete for devices. */
import { describe, expect } from 'vitest'
import { Journal } from '../../../harness/core/journal.ts'
import { bytes, seconds } from '../../../harness/core/units.ts'
import { DIAGNOSTICS } from '../../../harness/transfer/failure-diagnostics.ts'
import type { TransferOutcome } from '../../../harness/transfer/transfer-outcome.ts'
import { labTest as test } from '../../support/lab.ts'
import { labTarget } from '../../support/lab-target.ts'
import { LONG, transfer, WHOLE_NUMA_NODE } from '../../support/lab-transfer.ts'
import {
  claimOf,
  TARGET_CONTAINER,
  linesOf,
  DEVICES_CONTAINER,
  podOf,
  SOON,
} from '../../support/emulated-target.ts'

describe('a pod', () => {
  test('has a log and an exit code, and no exec after it has terminated', async ({ lab }) => {
    const target = await labTarget()
    const pod = await target.schedule(
      podOf(await claimOf(target, 1, 1), { containers: [DEVICES_CONTAINER] }),
      SOON,
    )
    const running = await target.run(pod, SOON)
    expect(running.address).toMatch(/^\d+\.\d+\.\d+\.\d+$/)
    expect((await linesOf(target.log(running, 'main'))).some((line) => line.startsWith('DEVICES '))).toBe(
      true,
    )
    expect(await target.exit(running, 'main', SOON)).toEqual({ code: 0, signal: null })
    await expect(target.exec(running, 'main', ['--version'], SOON)).rejects.toMatchObject({
      code: 'EXEC_FAILED',
      message: 'container pod/main has terminated: no command can be run in it',
    })
    await target.release([pod], SOON)
    await lab.requireReleased()
  })

  test('runs commands by exec, each with its exit code and output', async () => {
    const target = await labTarget()
    const pod = await target.schedule(
      podOf(await claimOf(target, 1, 1), { containers: [TARGET_CONTAINER] }),
      SOON,
    )
    const running = await target.run(pod, SOON)
    const seen = await target.exec(running, 'main', ['--mode', 'devices'], SOON)
    expect(seen).toMatchObject({ code: 0, signal: null, stderr: '' })
    expect(seen.stdout).toMatch(/^DEVICES /)
    expect((await target.exec(running, 'main', ['--mode', 'none'], SOON)).code).not.toBe(0)
    const long = ['--mode', 'target', '--devices', 'dram:0', '--port', '6000', '--timeout-seconds', '60']
    await expect(target.exec(running, 'main', long, { within: seconds(1) })).rejects.toMatchObject({
      code: 'DEADLINE',
    })
  })

  test('whose image cannot be pulled fails', async () => {
    const target = await labTarget({ delivery: { kind: 'image', image: 'nowhere.invalid/transfer:none' } })
    const pod = await target.schedule(podOf(await claimOf(target, 1, 1)), SOON)
    await expect(target.run(pod, SOON)).rejects.toMatchObject({
      code: 'POD_FAILED',
      message: expect.stringMatching(/ErrImagePull|ImagePullBackOff.*nowhere\.invalid/),
      hint: expect.stringContaining('CLAIMCHECK_IMAGE'),
    })
  })

  test('that exceeds its memory limit fails', async ({ lab }) => {
    const target = await labTarget({ resources: { cpu: '50m', memory: '64Mi' } })
    await expect(transfer(target, { blocks: { count: 1, size: bytes(1 << 28) } })).rejects.toMatchObject({
      code: 'POD_FAILED',
      message: expect.stringContaining('out of memory'),
    })
    await lab.requireReleased()
  })
})

describe('a transfer', () => {
  test('sends ten requests', async () => {
    const target = await labTarget()
    const sum = (): number => [...target.requests.values()].reduce((all, one) => all + one, 0)
    await transfer(target)
    const before = sum()
    await transfer(target)
    expect(sum() - before).toBeLessThanOrEqual(15)
    expect(sum() - before).toBe(10)
  })

  test('whose pod is evicted fails with the reason and a diagnosis, and leaves no claims', async ({
    lab,
  }) => {
    const target = await labTarget()
    const journal = new Journal()
    const at = { name: 'kv-target', namespace: target.namespace }
    const evict = () => lab.core.createNamespacedPodEviction({ ...at, body: { metadata: at } })
    await expect(transfer(target, LONG, evict, journal)).rejects.toMatchObject({
      code: 'POD_FAILED',
      message: expect.stringMatching(/pod kv-target was disrupted: EvictionByEvictionAPI/),
    })
    const evidence = journal.entries.find(({ event }) => event === DIAGNOSTICS)?.data
    expect(evidence).toMatchObject({ error: { code: 'POD_FAILED' }, namespace: target.namespace })
    expect(Object.keys(evidence ?? {})).toEqual(
      expect.arrayContaining(['pods', 'claims', 'events', 'logs', 'published']),
    )
    await lab.requireReleased()
  })

  test('of each of two concurrent runs completes: neither keeps devices that the other waits for', async () => {
    const targets = [await labTarget(), await labTarget()] as const
    const outcomes = await Promise.all(
      targets.map((target) =>
        transfer(target, { iters: 200, ...WHOLE_NUMA_NODE }).then(({ result }) => result),
      ),
    )
    const [one, two] = outcomes.toSorted((a, b) => a.started_unix_ms - b.started_unix_ms)
    expect(two?.started_unix_ms).toBeGreaterThan(one?.finished_unix_ms ?? Number.POSITIVE_INFINITY)
  })

  test('waits for devices that another run holds', async ({ lab }) => {
    const [first, second] = [await labTarget(), await labTarget()]
    let later: Promise<TransferOutcome> | undefined
    const sooner = await transfer(first, { iters: 500, ...WHOLE_NUMA_NODE }, async () => {
      later = transfer(second, { iters: 200, ...WHOLE_NUMA_NODE })
    })
    const { result } = await (later ?? Promise.reject(new Error('the second run never began')))
    expect(result.started_unix_ms).toBeGreaterThan(sooner.result.finished_unix_ms)
    await lab.requireReleased()
  })
})
