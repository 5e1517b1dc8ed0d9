/** Transfers between two nodes: an initiator pod on one, a target pod on the other, each with its own claim. */
import { objectName } from '../core/object-name.ts'
import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ResourceClaimTemplate } from '../dra/objects.ts'
import { ContentionError } from '../scheduling/contention-error.ts'
import { SCHEDULE_TIMEOUT, type PodLease } from './pod-lease.ts'
import {
  blockOptions,
  commandLine,
  PORT,
  runTransfer,
  type AskedTransfer,
  type TransferContext,
  type TransferSides,
} from './run-transfer.ts'
import type { TransferOutcome } from './transfer-outcome.ts'
import { newTransferSecrets } from './transfer-secrets.ts'

export const CONTAINER = 'transfer'
/** A run that released its pods on contention tries again after a random time up to this. */
const MAX_BACKOFF_MS = 5000

/** `name` names pods and claims: `aligned-0`. */
export interface TransferPlan extends AskedTransfer {
  /** One buffer on each GPU; each buffer uses its own NIC. */
  readonly devices: readonly string[]
  /** A second stream on each device moves as many bytes the other way. */
  readonly bothWays?: true
  /** UCX's transports; absent: the binary chooses by the NICs. */
  readonly transports?: string
  /** Absent: the buffers are in GPU memory. `bind`: whether the machine has this NUMA node; an emulated one does not. */
  readonly hostMemory?: { readonly numaNode: number; readonly bind: boolean }
  /** The nodes of the two pods; absent: any two nodes. */
  readonly nodes?: { readonly initiator: string; readonly target: string }
}

/** Rejects as `runTransfer` does. */
export async function transferBetweenNodes(
  template: ResourceClaimTemplate,
  plan: TransferPlan,
  context: TransferContext,
): Promise<TransferOutcome> {
  const secrets = newTransferSecrets()
  const specOf = (role: 'target' | 'initiator', args: readonly string[]) => ({
    name: objectName(`${plan.name}-${role}`),
    group: plan.name,
    template: template.metadata.name,
    containers: [{ name: CONTAINER, args, secretEnv: secrets[role] }],
    ...(plan.hostMemory === undefined ? {} : { memoryNumaNode: plan.hostMemory.numaNode }),
    ...(plan.nodes === undefined ? {} : { nodes: [plan.nodes[role]] }),
  })
  const scheduleBoth = async (lease: PodLease): Promise<TransferSides> => {
    const target = await lease.schedule(specOf('target', argsOf('target', plan)))
    const { address } = await target.running()
    const args = [...argsOf('initiator', plan), '--target-host', address]
    const initiator = await lease.schedule(specOf('initiator', args))
    return {
      target: { pod: target, container: CONTAINER },
      initiator: { pod: initiator, container: CONTAINER, logKey: secrets.logKey },
    }
  }
  return runTransfer(template, plan, context, (lease) =>
    retryOnContention(
      () => scheduleBoth(lease),
      async () => {
        context.journal.record('gave-way', plan.name)
        await lease.release()
      },
    ),
  )
}

/**
 * Two runs that each hold one node of a pair would wait for each other's node forever. A run that notices this releases its
 * pods and tries again after a random time, for as long as scheduling may take.
 */
async function retryOnContention<T>(attempt: () => Promise<T>, releaseAll: () => Promise<void>): Promise<T> {
  const until = performance.now() + SCHEDULE_TIMEOUT * 1000
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof ContentionError) || performance.now() > until) throw error
      await releaseAll()
      await sleep(randomInt(MAX_BACKOFF_MS))
    }
  }
}

/** The binary's arguments; the initiator also needs `--target-host`, the target pod's address. */
export const argsOf = (mode: 'target' | 'initiator', plan: TransferPlan): readonly string[] =>
  commandLine({
    mode,
    port: PORT,
    op: plan.op,
    devices: plan.devices.join(','),
    nics: 'claimed',
    ...(plan.transports === undefined ? {} : { transport: plan.transports }),
    ...(plan.bothWays === undefined ? {} : { 'both-ways': true }),
    ...(plan.hostMemory?.bind === true ? { 'numa-node': plan.hostMemory.numaNode } : {}),
    ...blockOptions(plan),
    iters: plan.iters,
    'warmup-iters': plan.warmupIters,
    'timeout-seconds': Math.ceil(plan.within),
  })
