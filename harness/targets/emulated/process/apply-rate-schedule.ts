/**
 * A NIC's course with real links: takes the agent, a NIC of a running pod and its course; changes rate and link at the
 * times that the course says, counted from the NIC's first bytes. Ends with the course or with its signal.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { RateSchedule } from '../../../rack/rate-schedule.ts'
import type { NodeAgent } from './node-agent.ts'
import type { TokenBucket } from '../../../emulation/token-bucket.ts'

/** Fewer are address resolution and the making of connections. */
const FIRST_BYTES = 100_000
const LOOK_EVERY_MS = 5

const listed = z.looseObject({
  pods: z.array(
    z.looseObject({
      name: z.string(),
      interfaces: z.array(
        z.looseObject({ name: z.string(), pod: z.looseObject({ tx_bytes: z.int(), rx_bytes: z.int() }) }),
      ),
    }),
  ),
})
const anything = z.unknown()

export interface RateControl {
  readonly pod: string
  readonly nic: string
  readonly shape: (fraction: number) => TokenBucket
  readonly signal: AbortSignal
}

/** Rejects with what the agent refuses, or with the signal's reason. */
export async function applyRateSchedule(
  agent: NodeAgent,
  course: RateSchedule,
  steered: RateControl,
): Promise<void> {
  const { pod, nic, shape, signal } = steered
  const began = await firstBytes(agent, steered)
  let up = true
  for (const { at, fraction } of course) {
    const wait = at * 1000 - (performance.now() - began)
    if (wait > 0) await sleep(wait, undefined, { signal })
    signal.throwIfAborted()
    if (up !== fraction > 0) {
      up = fraction > 0
      await agent.request('link', { pod, nic, up }, anything)
    }
    if (up) await agent.request('rate', { pod, nic, tx: shape(fraction), rx: shape(fraction) }, anything)
  }
}

/** When the NIC began to carry bytes, by `performance.now`. */
async function firstBytes(agent: NodeAgent, { pod, nic, signal }: RateControl): Promise<number> {
  for (;;) {
    const { pods } = await agent.request('list', {}, listed)
    const port = pods.find(({ name }) => name === pod)?.interfaces.find(({ name }) => name === nic)
    if (port !== undefined && port.pod.tx_bytes + port.pod.rx_bytes >= FIRST_BYTES) return performance.now()
    await sleep(LOOK_EVERY_MS, undefined, { signal })
  }
}
