/** Outages during a transfer: of the control plane for 20 s, and of a node. */
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { describe, expect, onTestFinished } from 'vitest'
import { ClaimcheckError } from '../../../harness/core/errors.ts'
import { labTest as test } from '../../support/lab.ts'
import { labTarget } from '../../support/lab-target.ts'
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

  test('with a node that becomes unreachable fails and names the node or the peer that waits for it', async ({
    lab,
  }) => {
    const target = await labTarget()
    const node = lab.container('node-b')
    onTestFinished(async () => void (await execa('docker', ['unpause', node], { reject: false })))
    const lost = transfer(target, LONG, () => execa('docker', ['pause', node]))
    const error: unknown = await lost.catch((one: unknown) => one)
    expect(error).toBeInstanceOf(ClaimcheckError)
    const { code, message } = error as ClaimcheckError
    // The initiator, if it runs on the other node, reports the stall before the node counts as lost.
    expect(`${code}: ${message}`).toMatch(
      /^POD_FAILED: pod kv-initiator is on node node-b, which has not been ready for 30 s|^TRANSFER_STALLED: pod kv-initiator on node-a/,
    )
    await execa('docker', ['unpause', node])
    await target.close()
    await lab.requireReleased()
  })
})
