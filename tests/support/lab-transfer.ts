/** Runs one transfer between two pods of a lab, with an optional disruption while bytes move. */
import { expect } from 'vitest'
import { sameGpus } from '../../harness/claim/numa-placements.ts'
import { publicationOf } from '../../harness/claim/publication.ts'
import { numaTemplate } from '../../harness/claim/claim-template.ts'
import { Journal } from '../../harness/core/journal.ts'
import { bytes, seconds } from '../../harness/core/units.ts'
import type { ClusterTarget } from '../../harness/targets/cluster/cluster-target.ts'
import { transferBetweenNodes, type TransferPlan } from '../../harness/transfer/node-pair-transfer.ts'
import type { TransferOutcome } from '../../harness/transfer/transfer-outcome.ts'
import { RACK } from './lab-target.ts'

const PLAN: TransferPlan = {
  name: 'kv',
  op: 'WRITE',
  devices: ['dram:0', 'dram:1'],
  blocks: { count: 1, size: bytes(1 << 20) },
  iters: 20,
  warmupIters: 2,
  within: seconds(120),
}
/** Enough iterations for a disruption to happen during the transfer. */
export const LONG = { iters: 1500 }

/** Claims every GPU and NIC of NUMA node 0, so that a second transfer on the same nodes has to wait. */
export const WHOLE_NUMA_NODE = { devices: ['dram:0', 'dram:1', 'dram:2', 'dram:3'] }

/** Uses as many NICs as devices. Calls `disrupt` once bytes move. */
export async function transfer(
  target: ClusterTarget,
  plan: Partial<TransferPlan> = {},
  disrupt?: () => Promise<unknown>,
  journal = new Journal(),
): Promise<TransferOutcome> {
  const count = (plan.devices ?? PLAN.devices).length
  const { aligned } = sameGpus({ gpus: count, nics: count, gpusOn: 0, alignedOn: 0, unalignedOn: 1 })
  const template = numaTemplate(aligned, RACK.sku, { published: publicationOf(await target.slices()) })
  let disruption: Promise<unknown> | undefined
  const outcome = await transferBetweenNodes(
    template,
    { ...PLAN, ...plan },
    {
      target,
      journal,
      verifyAllocation: () => undefined,
      onEvent: ({ event }) => {
        if (event === 'progress') disruption ??= disrupt?.()
      },
    },
  ).finally(() => disruption)
  if (disrupt !== undefined) expect(disruption, 'the transfer ended before its disruption').toBeDefined()
  return outcome
}
