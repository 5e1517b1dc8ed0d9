/** A transfer whose initiator has ended does not wait for its target, which would listen until its own deadline. */
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { seconds } from '../../harness/core/units.ts'
import type { RunningPod } from '../../harness/scheduling/pod.ts'
import { followTransfer, type FollowedSide } from '../../harness/transfer/follow-transfer.ts'

const side = (name: string): FollowedSide => ({
  container: 'main',
  pod: { spec: { name }, node: `node-of-${name}`, address: '10.0.0.1' } as unknown as RunningPod,
})

/** The target says that it listens and then nothing, until its log is no longer read. */
async function* silent(signal: AbortSignal): AsyncGenerator<string> {
  yield 'EVENT {"event":"target_ready"}'
  if (!signal.aborted) await once(signal, 'abort')
}

async function* lines(...all: readonly string[]): AsyncGenerator<string> {
  yield* all
}

test.for<[string, readonly string[], string]>([
  ['without a word', [], 'RESULT_MISSING'],
  ['with an error', ['ERROR {"code":"LINK_DOWN","message":"the link is down"}'], 'LINK_DOWN'],
])('an initiator that ends early, %s, ends the transfer', { timeout: 30_000 }, async ([, said, code]) => {
  const target = {
    log: ({ spec }: RunningPod, _container: string, signal = new AbortController().signal) =>
      spec.name === 'receiver' ? silent(signal) : lines(...said),
  }
  const sides = { receiver: side('receiver'), sender: side('sender') }
  await expect(followTransfer(sides, { name: 't', within: seconds(600) }, { target })).rejects.toMatchObject({
    code,
    subject: 'pod sender on node-of-sender',
  })
})
