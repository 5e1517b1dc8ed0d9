/** Management datagrams (MADs) through the umad device of a pod. */
import { expect } from 'vitest'
import { startPod, type RunningPod } from '../support/verbs-vm/pod.ts'
import type { Rails, Side } from '../support/verbs-vm/rails.ts'
import { test } from './verbs-test.ts'

/**
 * The other side's link-local GID, and the index of the own one. The kernel matches an answer by the GRH, which a packet between
 * IPv4 GIDs does not have.
 */
async function otherSide(rails: Rails): Promise<readonly string[]> {
  const port = `/sys/class/infiniband/${rails.device('right', 0)}/ports/1`
  return [(await rails.onNode('right', `cat ${port}/gids/0`)).trim(), '0']
}

async function start(rails: Rails, side: Side, role: string, args: readonly string[]): Promise<RunningPod> {
  const find = `for node in /sys/class/infiniband_mad/umad*; do
    [ "$(cat "$node/ibdev")" != ${rails.device(side, 0)} ] || basename "$node"; done`
  const umad = (await rails.sh(find)).trim()
  const options = { program: 'user_mad', charDevices: [umad] }
  return startPod(rails, side, [role, `/dev/infiniband/${umad}`, ...args], options)
}

test('a request is answered by the port of the other pod', async ({ takeRails }) => {
  const rails = await takeRails(1)
  const answers = await start(rails, 'right', 'answer', ['60'])
  expect(await answers.prints('READY')).toBe(true)
  const asks = await start(rails, 'left', 'ask', await otherSide(rails))
  expect(await asks.ended).toMatchObject({ code: 0, stdout: '[2, 3, 4, 5]\n' })
  expect(await answers.ended).toMatchObject({ code: 0 })
})

test('a question for performance counters ends where no port answers', async ({ takeRails }) => {
  const rails = await takeRails(1)
  const asks = await start(rails, 'left', 'counters', await otherSide(rails))
  expect(await asks.ended).toMatchObject({ code: 1, stderr: expect.stringContaining('TimedOut') as string })
})

test('an agent that no request reaches ends at its own limit', async ({ takeRails }) => {
  const answers = await start(await takeRails(1), 'right', 'answer', ['1'])
  expect(await answers.ended).toMatchObject({
    code: 1,
    stdout: 'READY\n',
    stderr: expect.stringContaining('TimedOut') as string,
  })
})
