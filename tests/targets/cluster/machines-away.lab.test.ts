/** Machines of a cluster that go away under a transfer: the control plane for a while, a node for good. */
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { describe, expect, onTestFinished } from 'vitest'
import { labTest as test } from '../../support/lab.ts'
import { labTarget } from '../../support/lab-target.ts'
import { LONG, transfer } from '../../support/lab-transfer.ts'

describe('a transfer', () => {
  test('goes on while the control plane is away for 20 s', async ({ lab }) => {
    const target = await labTarget()
    const plane = lab.container('control-plane')
    const away = async (): Promise<void> => {
      await execa('docker', ['pause', plane])
      await sleep(20_000)
      await execa('docker', ['unpause', plane])
    }
    onTestFinished(async () => void (await execa('docker', ['unpause', plane], { reject: false })))
    const { result } = await transfer(target, LONG, away)
    expect(result.iters).toBe(LONG.iters)
    await lab.requireReleased()
  })

  test('on a node that is lost ends by naming it', async ({ lab }) => {
    const target = await labTarget()
    const node = lab.container('node-b')
    onTestFinished(async () => void (await execa('docker', ['unpause', node], { reject: false })))
    const lost = transfer(target, LONG, () => execa('docker', ['pause', node]))
    await expect(lost).rejects.toMatchObject({
      code: 'POD_FAILED',
      message: expect.stringMatching(/pod kv-\w+ runs on node node-b, which has not been ready for 30 s/),
    })
    await execa('docker', ['unpause', node])
    await target.close()
    await lab.requireReleased()
  })
})
