/** Measures the arms of a comparison against each other on one pair of nodes, all of them in every round. */
import { publicationOf } from '../claim/publication.ts'
import { numaTemplate } from '../claim/claim-template.ts'
import { verifyTopology } from '../claim/verify-allocation.ts'
import type { Journal } from '../core/journal.ts'
import { formatBytes, seconds, type Bytes, type Seconds } from '../core/units.ts'
import type { Sku } from '../sku/sku.ts'
import { gpuMemoryOf } from '../sku/sku-vendor.ts'
import { hasRdmaDevices, type Target } from '../targets/target.ts'
import { transferBetweenNodes, type TransferPlan } from '../transfer/node-pair-transfer.ts'
import { blocksOf, memoryOf, plannedArm, type ArmsPlan, type Blocks, type NodeArm } from './arm-plan.ts'
import { measureArm, type ArmRound } from './arm-round.ts'
import { directionOf, type Direction } from './interleave.ts'
import { MeasuredRounds } from './measured-rounds.ts'
import type { Round } from './round.ts'
import type { PlannedTransfer } from './round-source.ts'
import { requireSameDevices } from './same-devices.ts'

export interface ComparisonPlan extends ArmsPlan<NodeArm> {
  /** The nodes of the first round; absent: any two. */
  readonly nodes?: Direction
}

export interface ComparisonContext {
  readonly target: Target
  readonly sku: Sku
  readonly journal: Journal
}

export class NodeComparison extends MeasuredRounds {
  readonly plan: ComparisonPlan
  readonly #journal: Journal
  #nodes: Direction | undefined

  constructor(plan: ComparisonPlan, { target, sku, journal }: ComparisonContext) {
    const { name, size, firstRounds } = plan
    super({ name: `${name} ${formatBytes(size)}`, arms: Object.keys(plan.arms), firstRounds, target, sku })
    this.plan = plan
    this.#nodes = plan.nodes
    this.#journal = journal
  }

  override get nodes(): readonly string[] | undefined {
    const { nodes } = this.plan
    return nodes === undefined ? undefined : [nodes.initiator, nodes.target]
  }

  planned(arm: string): PlannedTransfer {
    const planned = plannedArm(this.plan, arm)
    return { memory: memoryOf(planned), size: planned.size }
  }

  protected requireComparable({ arms }: Round): void {
    const outcomes = Object.entries(arms).map(([name, { outcome }]) => [name, outcome] as const)
    requireSameDevices(this.plan.arms, Object.fromEntries(outcomes))
  }

  protected async measureArm(arm: string, round: number): Promise<ArmRound> {
    const { target, sku } = this
    const journal = this.#journal
    const placement = plannedArm(this.plan, arm)
    const [slices, classes] = await Promise.all([target.slices(), target.deviceClasses()])
    const template = numaTemplate(placement, sku, { published: publicationOf(slices), classes })
    const made = transferPlan({ plan: this.plan, arm, round, sku, emulation: target.emulation })
    const plan = this.#nodes === undefined ? made : { ...made, nodes: directionOf(this.#nodes, round) }
    this.report({ arm, round, phase: 'claiming devices', done: 0, of: plan.iters })
    const outcome = await transferBetweenNodes(template, plan, {
      target,
      journal,
      verifyAllocation: (allocated) => void verifyTopology(allocated, placement, sku),
      onEvent: (event) => {
        const iteration = event['iter'] ?? (event.event === 'verified' ? plan.iters : 0)
        this.report({ arm, round, phase: event.event, done: iteration, of: plan.iters })
      },
    })
    this.#nodes ??= { initiator: outcome.initiator.node, target: outcome.target.node }
    const result = measureArm({ arm, round, outcome }, sku, target.emulation)
    journal.record('arm-measured', `${this.plan.name} ${arm} round ${round + 1}`, {
      bandwidthGBps: result.bandwidth,
      p50Seconds: result.latency.p50,
      phases: outcome.phases,
    })
    return result
  }
}

type Emulated =
  | { readonly scale: number; readonly runtime: string; readonly transfer: Iterations }
  | undefined

/** The transfer plan of one arm in one round, on any two nodes. */
export function transferPlan(of: {
  readonly plan: ComparisonPlan
  readonly arm: string
  readonly round: number
  readonly sku: Sku
  readonly emulation: Emulated
}): TransferPlan {
  const { plan, arm, round, sku, emulation } = of
  const { iters, warmupIters } = iterationsOf(plan, emulation)
  const planned = plannedArm(plan, arm)
  const { gpus, memory, transports, bothWays } = planned
  return {
    name: `${plan.name}-${arm}-${round + 1}`,
    op: planned.op,
    ...(transports === undefined ? {} : { transports }),
    ...(bothWays === undefined ? {} : { bothWays }),
    devices: Array.from({ length: gpus.count }, (_, i) =>
      emulation === undefined && memory !== 'host' ? `${gpuMemoryOf(sku).devicePrefix}:${i}` : `dram:${i}`,
    ),
    ...(memory === 'host'
      ? { hostMemory: { numaNode: gpus.numaNode, bind: hasRdmaDevices(emulation) } }
      : {}),
    blocks: deviceBlocks(plan, arm, emulation),
    iters,
    warmupIters,
    within: transferTimeout(sku, planned.size, iters + warmupIters, setUpOf(emulation)),
  }
}

type Iterations = Pick<ComparisonPlan, 'iters' | 'warmupIters'>

/** An emulated rack sets the number of iterations, since they cost CPU time. */
export const iterationsOf = (
  plan: Iterations,
  emulation: { readonly transfer: Iterations } | undefined,
): Iterations => emulation?.transfer ?? plan

/** The blocks of each GPU's buffer in an arm, which is its part of the size. */
export function deviceBlocks(
  plan: Pick<ComparisonPlan, 'arms' | 'op' | 'size'>,
  arm: string,
  emulation: { readonly scale: number } | undefined,
): Blocks {
  const planned = plannedArm(plan, arm)
  return blocksOf(planned.size / planned.gpus.count, planned, emulation)
}

/** NIXL and the connections of RDMA NICs take minutes on an emulated processor, and on a node that is busy or has many NICs. */
const setUpOf = (emulation: Emulated): Seconds => seconds(hasRdmaDevices(emulation) ? 300 : 60)

/** The time for set-up plus ten times the duration at the lowest reference bandwidth, or at 1 GB/s without one. */
function transferTimeout(sku: Sku, size: Bytes, iterations: number, setUp: Seconds): Seconds {
  return seconds(setUp + (10 * iterations * size) / ((sku.reference.unaligned?.bandwidth.value ?? 1) * 1e9))
}
