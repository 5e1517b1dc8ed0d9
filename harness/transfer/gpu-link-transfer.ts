/** Transfers between the GPUs of one node: one pod claims all GPUs, and each side of the transfer is a container of it. */
import { objectName } from '../core/object-name.ts'
import type { GpuPair } from '../claim/gpu-pairs.ts'
import type { ResourceClaimTemplate } from '../dra/objects.ts'
import type { TransferPlan } from './node-pair-transfer.ts'
import { blockOptions, commandLine, PORT, runTransfer, type TransferContext } from './run-transfer.ts'
import type { TransferOutcome } from './transfer-outcome.ts'
import { newTransferSecrets } from './transfer-secrets.ts'

export interface LinkTransferPlan extends Omit<TransferPlan, 'devices' | 'nodes'> {
  /** The node of the pod; absent: any node. */
  readonly node?: string
  /** From the initiator's GPU to the target's, by position in the claim. */
  readonly pairs: readonly GpuPair[]
  /** The binary's name for the memory of these GPUs, such as `cuda`. */
  readonly devicePrefix: string
  /** UCX transports; `auto`: UCX chooses. */
  readonly transport: string
}

/** Rejects as `runTransfer` does. */
export async function transferOverLinks(
  template: ResourceClaimTemplate,
  plan: LinkTransferPlan,
  context: TransferContext,
): Promise<TransferOutcome> {
  const secrets = newTransferSecrets()
  return runTransfer(template, plan, context, async (lease) => {
    const pod = await lease.schedule({
      name: objectName(plan.name),
      group: plan.name,
      ...(plan.node === undefined ? {} : { nodes: [plan.node] }),
      template: template.metadata.name,
      containers: (['target', 'initiator'] as const).map((name) => ({
        name,
        args: argsOf(name, plan),
        secretEnv: secrets[name],
      })),
    })
    return {
      target: { pod, container: 'target' },
      initiator: { pod, container: 'initiator', logKey: secrets.logKey },
    }
  })
}

function argsOf(mode: 'target' | 'initiator', plan: LinkTransferPlan): readonly string[] {
  const devices = plan.pairs.map(([from, to]) => `${plan.devicePrefix}:${mode === 'initiator' ? from : to}`)
  return commandLine({
    mode,
    port: PORT,
    ...(mode === 'target' ? { listen: '127.0.0.1' } : { 'target-host': '127.0.0.1' }),
    op: plan.op,
    devices: devices.join(','),
    transport: plan.transport,
    ...blockOptions(plan),
    iters: plan.iters,
    'warmup-iters': plan.warmupIters,
    'timeout-seconds': Math.ceil(plan.within),
  })
}
