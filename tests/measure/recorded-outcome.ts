/** The outcome of the recorded transfer: its RESULT with claims of the same devices, as a rack's allocator resolves them. */
import { resolveAllocation } from '../../harness/claim/allocated-claim.ts'
import { publicationOf } from '../../harness/claim/publication.ts'
import { numaTemplate } from '../../harness/claim/claim-template.ts'
import { Journal } from '../../harness/core/journal.ts'
import { seconds } from '../../harness/core/units.ts'
import { loadRack, type Rack } from '../../harness/rack/rack.ts'
import { EmulatedTarget } from '../../harness/targets/emulated/emulated-target.ts'
import { ModelRuntime } from '../../harness/targets/emulated/model/model-runtime.ts'
import type { Endpoint, TransferOutcome } from '../../harness/transfer/transfer-outcome.ts'
import type { NicCounters, TransferResult } from '../../harness/transfer/result.ts'
import { rackFile } from '../support/rack-file.ts'
import { genuineResult } from '../transfer/recorded-log.ts'

export const modelTarget = (rack: Rack, journal = new Journal()): EmulatedTarget =>
  new EmulatedTarget({ rack, runtime: new ModelRuntime(rack), kind: 'model', journal })

export interface Recorded {
  readonly rack: Rack
  readonly outcome: TransferOutcome
}

/** Claims `nics` NICs of NUMA node 0 at each end, and applies `change` to the RESULT. */
export async function recorded({
  nics = 4,
  change = (result) => result,
}: {
  nics?: number
  change?: (result: TransferResult) => TransferResult
} = {}): Promise<Recorded> {
  const rack = loadRack(rackFile())
  const target = modelTarget(rack)
  const placement = {
    alignment: 'aligned',
    gpus: { count: 4, numaNode: 0 },
    nics: { count: nics, numaNode: 0 },
  } as const
  const slices = await target.slices()
  const template = numaTemplate(placement, rack.sku, { published: publicationOf(slices) })
  await target.apply(template)
  const endpoint = async (node: string): Promise<Endpoint> => {
    const { name } = template.metadata
    const pod = await target.schedule(
      { name: node, group: 'pair', nodes: [node], template: name, containers: [] },
      { within: seconds(10) },
    )
    return { node, allocated: resolveAllocation(pod.claim, slices) }
  }
  const [receiver, sender] = [await endpoint('node-a'), await endpoint('node-b')]
  const none = seconds(0)
  const phases = { schedule: none, start: none, transfer: none, release: none }
  return { rack, outcome: { result: change(genuineResult), initiator: sender, target: receiver, phases } }
}

/** Changes the bytes by which the counters of one NIC grew, by default at the sender. */
export const growing =
  (name: string, grown: number, end: 'nics' | 'target_nics' = 'nics') =>
  (result: TransferResult): TransferResult => ({
    ...result,
    [end]: result[end].map((counter) => (counter.name === name ? grow(counter, grown) : counter)),
  })

const grow = (counter: NicCounters, grown: number): NicCounters => ({
  ...counter,
  tx_bytes_after: counter.tx_bytes_before + grown,
  rx_bytes_after: counter.rx_bytes_before + grown,
})
