/** Delivery of the binary by exec into an image that does not have it. */
import { expect } from 'vitest'
import { Journal } from '../../../harness/core/journal.ts'
import { seconds } from '../../../harness/core/units.ts'
import { labTest as test } from '../../support/lab.ts'
import { labTarget } from '../../support/lab-target.ts'
import { IMAGE, prepareStreaming } from '../../support/streamed-delivery.ts'
import {
  claimOf,
  linesOf,
  TARGET_CONTAINER,
  DEVICES_CONTAINER,
  podOf,
  SOON,
} from '../../support/emulated-target.ts'

test('every container of the pod runs the binary, and exec does too', async ({ lab }) => {
  const archive = await prepareStreaming(lab)
  const target = await labTarget({
    delivery: { kind: 'stream', image: IMAGE, archive },
    journal: new Journal(),
  })
  const containers = [TARGET_CONTAINER, { ...DEVICES_CONTAINER, name: 'sidecar' }]
  const pod = await target.schedule(podOf(await claimOf(target, 1, 1), { containers }), SOON)
  const running = await target.run(pod, SOON)
  const lines = await linesOf(target.log(running, 'sidecar'))
  expect(lines.some((line) => line.startsWith('DEVICES '))).toBe(true)
  expect((await target.exec(running, 'main', ['--version'], SOON)).stdout).toMatch(/^claimcheck-transfer \d/)
  for await (const line of target.log(running, 'main')) {
    // UCX may print warnings about the machine first.
    if (!line.startsWith('EVENT ')) continue
    expect(line).toContain('"event":"target_ready"')
    break
  }
  await target.release([pod], SOON)
})

test('an archive with another checksum is refused', async ({ lab }) => {
  const archive = await prepareStreaming(lab)
  const changed = { ...archive, sha256: '0'.repeat(64) }
  const target = await labTarget({ delivery: { kind: 'stream', image: IMAGE, archive: changed } })
  const pod = await target.schedule(podOf(await claimOf(target, 1, 1)), SOON)
  await expect(target.run(pod, { within: seconds(60) })).rejects.toMatchObject({
    code: 'EXEC_FAILED',
    message: expect.stringMatching(
      /delivery into pod\/main failed with exit code 1: found .*archive\.tgz: FAILED/s,
    ),
  })
})

test('an image without a shell is reported', async ({ lab }) => {
  const archive = await prepareStreaming(lab)
  const target = await labTarget({ delivery: { kind: 'stream', image: 'claimcheck.dev/pause:lab', archive } })
  const pod = await target.schedule(podOf(await claimOf(target, 1, 1)), SOON)
  await expect(target.run(pod, SOON)).rejects.toMatchObject({
    code: 'POD_FAILED',
    message: expect.stringContaining('could not start container main: StartError'),
  })
})
