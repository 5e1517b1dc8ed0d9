/**
 * Transfers between the GPUs of one node: one pod with all of them, one container at each end, from claim to RESULT to
 * release. Takes a target, a template and a plan; gives the outcome with the read-back allocation. Leaves nothing behind.
 */
import { randomBytes } from 'node:crypto'
import type { ResourceClaimTemplate } from '../dra/objects.ts'
import type { GpuPair } from '../claim/gpu-pairs.ts'
import { resolveAllocation } from '../claim/allocated-claim.ts'
import { withPodLease } from './pod-lease.ts'
import {
  PORT,
  SCHEDULE_TIMEOUT,
  START_TIMEOUT,
  stopwatch,
  followTransfer,
  type TransferContext,
  type TransferOutcome,
  type TransferPlan,
} from './node-pair-transfer.ts'

export interface LinkTransferPlan extends Pick<
  TransferPlan,
  'name' | 'op' | 'bytesPerDevice' | 'iters' | 'warmupIters' | 'within'
> {
  /** From the initiator's GPU to the target's, by position in the claim. */
  readonly pairs: readonly GpuPair[]
  /** How the binary names the memory of these GPUs: `cuda`. */
  readonly devicePrefix: string
  /** UCX's transports; `auto`: UCX's choice. */
  readonly transport: string
}

/** Rejects with what went wrong first: an unsatisfiable claim, a pod that failed, the binary's own error, a broken RESULT. */
export async function transferOverLinks(
  template: ResourceClaimTemplate,
  plan: LinkTransferPlan,
  context: TransferContext,
): Promise<TransferOutcome> {
  const { target, signal } = context
  const clock = stopwatch()
  const secretEnv = { TRANSFER_SECRET: randomBytes(32).toString('hex') }
  const outcome = await withPodLease(context, plan.name, async (lent) => {
    const slices = await target.slices()
    await target.apply(template)
    const containers = (['target', 'initiator'] as const).map((name) => ({
      name,
      args: argsOf(name, plan),
      secretEnv,
    }))
    const spec = { name: plan.name, group: plan.name, template: template.metadata.name, containers }
    const own = await target.schedule(spec, { within: SCHEDULE_TIMEOUT, signal })
    lent.push(own)
    const end = { node: own.node, allocated: resolveAllocation(own.claim, slices) }
    context.verifyAllocation(end.allocated)
    clock.lap('schedule')
    const pod = await target.run(own, { within: START_TIMEOUT, signal })
    clock.lap('start')
    const ends = { receiver: { pod, container: 'target' }, sender: { pod, container: 'initiator' } }
    const result = await followTransfer(ends, plan, context)
    clock.lap('transfer')
    return { result, initiator: end, target: end }
  })
  clock.lap('release')
  return { ...outcome, phases: clock.phases }
}

function argsOf(mode: 'target' | 'initiator', plan: LinkTransferPlan): readonly string[] {
  const devices = plan.pairs.map(([from, to]) => `${plan.devicePrefix}:${mode === 'initiator' ? from : to}`)
  const options: Record<string, string | number> = {
    mode,
    port: PORT,
    ...(mode === 'target' ? { listen: '127.0.0.1' } : { 'target-host': '127.0.0.1' }),
    op: plan.op,
    devices: devices.join(','),
    transport: plan.transport,
    'block-size': plan.bytesPerDevice,
    'batch-size': 1,
    iters: plan.iters,
    'warmup-iters': plan.warmupIters,
    'timeout-seconds': Math.ceil(plan.within),
  }
  return [...Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]), '--progress']
}
