/**
 * Applies a rate schedule to a NIC of a running pod: changes its rate and link state at the times of the schedule, counted
 * from the NIC's first bytes.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { RateSchedule } from '../../../rack/rate-schedule.ts'
import type { NodeAgent } from './node-agent.ts'
import type { TokenBucket } from '../../../emulation/token-bucket.ts'

/** Address resolution and connection set-up send fewer bytes. */
const FIRST_BYTES = 100_000
const POLL_INTERVAL_MS = 5

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

/** Rejects with the agent's error, or with the signal's reason. */
export async function applyRateSchedule(
  agent: NodeAgent,
  schedule: RateSchedule,
  control: RateControl,
): Promise<void> {
  const { pod, nic, shape, signal } = control
  const began = await firstBytes(agent, control)
  let up = true
  for (const { at, fraction } of schedule) {
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

/** The time at which the NIC began to carry bytes, by `performance.now`. */
async function firstBytes(agent: NodeAgent, { pod, nic, signal }: RateControl): Promise<number> {
  for (;;) {
    const { pods } = await agent.request('list', {}, listed)
    const port = pods.find(({ name }) => name === pod)?.interfaces.find(({ name }) => name === nic)
    if (port !== undefined && port.pod.tx_bytes + port.pod.rx_bytes >= FIRST_BYTES) return performance.now()
    await sleep(POLL_INTERVAL_MS, undefined, { signal })
  }
}
