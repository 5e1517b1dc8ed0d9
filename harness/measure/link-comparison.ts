/** Measures arms between the GPUs of one node. Each arm of a round transfers between all GPU pairs of a turn at once. */
import type { GpuPair } from '../claim/gpu-pairs.ts'
import { allGpusTemplate } from '../claim/claim-template.ts'
import { publicationOf } from '../claim/publication.ts'
import { verifyGpus } from '../claim/verify-allocation.ts'
import type { Journal } from '../core/journal.ts'
import { formatBytes, seconds, type Seconds } from '../core/units.ts'
import { gpuMemoryOf } from '../sku/sku-vendor.ts'
import { transferOverLinks } from '../transfer/gpu-link-transfer.ts'
import { blocksOf, plannedArm, type ArmsPlan, type LinkArm } from './arm-plan.ts'
import type { ArmRound } from './arm-round.ts'
import type { ComparisonContext } from './node-comparison.ts'
import { linkPairs, measureLinkArm } from './link-round.ts'
import { MeasuredRounds } from './measured-rounds.ts'
import type { PlannedTransfer } from './round-source.ts'

/** The size is that of the transfer of each pair. */
export interface LinkPlan extends ArmsPlan<LinkArm> {
  /** Selects the GPU pairs; 0: each GPU with itself. */
  readonly turn: number
  /** The number of GPUs of the node. */
  readonly gpus: number
  /** Absent: any node. */
  readonly node?: string
}

/** Slower than any transfer through host memory measured so far. */
const SLOWEST_BYTES_PER_SECOND = 1e8
const SET_UP_SECONDS = 60

export class LinkComparison extends MeasuredRounds {
  readonly plan: LinkPlan
  readonly #journal: Journal

  constructor(plan: LinkPlan, { target, sku, journal }: ComparisonContext) {
    const { name, arms, size, firstRounds } = plan
    super({ name: `${name} ${formatBytes(size)}`, arms: Object.keys(arms), firstRounds, target, sku })
    this.plan = plan
    this.#journal = journal
  }

  override get nodes(): readonly string[] | undefined {
    const { node } = this.plan
    return node === undefined ? undefined : [node]
  }

  planned(arm: string): PlannedTransfer {
    return { memory: 'gpu', size: plannedArm(this.plan, arm).size }
  }

  /** All arms claim every GPU of the node. */
  protected requireComparable(): void {}

  protected async measureArm(arm: string, round: number): Promise<ArmRound> {
    const { plan, sku, target } = this
    const planned = plannedArm(plan, arm)
    // Each GPU of a pair sends in one round and receives in the next.
    const pairs = linkPairs(plan, planned).map(([a, b]): GpuPair => (round % 2 === 0 ? [a, b] : [b, a]))
    const memory = gpuMemoryOf(sku)
    this.report({ arm, round, phase: 'claiming devices', done: 0, of: plan.iters })
    const outcome = await transferOverLinks(
      allGpusTemplate(sku, {
        published: publicationOf(await target.slices()),
        classes: await target.deviceClasses(),
      }),
      {
        name: `${plan.name}-${arm}-${round + 1}`,
        ...(plan.node === undefined ? {} : { node: plan.node }),
        op: planned.op,
        pairs,
        devicePrefix: memory.devicePrefix,
        transport: planned.path === 'gpu-links' ? 'auto' : memory.stagedTransports,
        blocks: blocksOf(planned.size, planned),
        iters: plan.iters,
        warmupIters: plan.warmupIters,
        within: transferTimeout({ ...plan, size: planned.size }, pairs.length),
      },
      {
        target,
        journal: this.#journal,
        verifyAllocation: (allocated) => verifyGpus(allocated, sku),
        onEvent: (event) => {
          const done = event['iter'] ?? (event.event === 'verified' ? plan.iters : 0)
          this.report({ arm, round, phase: event.event, done, of: plan.iters })
        },
      },
    )
    const result = measureLinkArm({ arm, round, outcome }, plan, sku)
    this.#journal.record('arm-measured', `${plan.name} ${arm} round ${round + 1}`, {
      bandwidthGBps: result.bandwidth,
      p50Seconds: result.latency.p50,
      phases: outcome.phases,
    })
    return result
  }
}

const transferTimeout = ({ size, iters, warmupIters }: LinkPlan, pairs: number): Seconds =>
  seconds(SET_UP_SECONDS + (pairs * size * (iters + warmupIters + 2)) / SLOWEST_BYTES_PER_SECOND)
