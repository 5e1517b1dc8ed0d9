/** Outages during a transfer: of the control plane for 20 s, and of a node. */
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { describe, expect, onTestFinished } from 'vitest'
import { labTest as test } from '../../support/lab.ts'
import { labTarget } from '../../support/lab-target.ts'
import { claimOf, linesOf, podOf, SOON, TARGET_CONTAINER } from '../../support/emulated-target.ts'
import { LONG, transfer } from '../../support/lab-transfer.ts'

describe('a transfer', () => {
  test('continues during an outage of the control plane of 20 s', async ({ lab }) => {
    const target = await labTarget()
    const plane = lab.container('control-plane')
    const outage = async (): Promise<void> => {
      await execa('docker', ['pause', plane])
      await sleep(20_000)
      await execa('docker', ['unpause', plane])
    }
    onTestFinished(async () => void (await execa('docker', ['unpause', plane], { reject: false })))
    const { result } = await transfer(target, LONG, outage)
    expect(result.iters).toBe(LONG.iters)
    await lab.requireReleased()
  })

  test('with a node that becomes unreachable has stalled', async ({ lab }) => {
    const target = await labTarget()
    const node = pausable(lab.container('node-b'))
    const lost = transfer(target, LONG, () => node.pause())
    await expect(lost).rejects.toMatchObject({
      code: 'TRANSFER_STALLED',
      message: expect.stringMatching(/^pod kv-\w+ on node-[ab]/),
    })
    await node.unpause()
    await target.close()
    await lab.requireReleased()
  })
})

test('a pod on a node that becomes unreachable is lost, which names the node', async ({ lab }) => {
  const target = await labTarget()
  const template = await claimOf(target, 1, 1)
  const on = { containers: [TARGET_CONTAINER], nodes: ['node-b'] }
  const pod = await target.run(await target.schedule(podOf(template, on), SOON), SOON)
  const lines = linesOf(target.log(pod, 'main'))
  const node = pausable(lab.container('node-b'))
  await node.pause()
  await expect(lines).rejects.toMatchObject({
    code: 'POD_FAILED',
    message: expect.stringMatching(/is on node node-b, which has not been ready for 30 s/),
  })
  await node.unpause()
  await target.close()
  await lab.requireReleased()
})

/** A container that is unpaused when the test ends. */
function pausable(container: string) {
  const docker = (command: string) => execa('docker', [command, container])
  onTestFinished(async () => void (await execa('docker', ['unpause', container], { reject: false })))
  return { pause: () => docker('pause'), unpause: () => docker('unpause') }
}
