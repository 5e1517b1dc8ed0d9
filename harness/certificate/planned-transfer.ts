/** Checks a recorded transfer against its plan, and its figures against each other. */
import { ClaimcheckError } from '../core/errors.ts'
import type { Blocks } from '../measure/arm-plan.ts'
import { parseResult, streamsOneWay, type TransferResult } from '../transfer/result.ts'
import type { Outcome } from './evidence-schema.ts'
import { isBetweenGpus, type RecordedPlan } from './recorded-plan.ts'

/** `blocks`: those of one GPU's buffer. Throws RESULT_INVALID or CERTIFICATE_INCOMPLETE. */
export function requirePlanned(
  { result, initiator, target }: Outcome,
  plan: RecordedPlan,
  planned: {
    readonly op: string
    readonly streams: number
    /** Those of the other operation. */
    readonly otherWay: number
    readonly blocks: Blocks
  },
  where: string,
): void {
  parseResult(JSON.stringify(result), where)
  const betweenNodes = !isBetweenGpus(plan)
  const facts: readonly (readonly [string, unknown, unknown])[] = [
    ['op', planned.op, result.op],
    ['iterations', plan.iters, result.iters],
    ['warm-up iterations', plan.warmupIters, result.warmup_iters],
    ['streams', planned.streams, result.streams.length],
    ['streams the other way', planned.otherWay, result.streams.length - streamsOneWay(result)],
    ['bytes of a block', planned.blocks.size, result.block_size],
    ['blocks', planned.blocks.count, result.batch_size],
    ['two nodes', betweenNodes, initiator.node !== target.node],
    ['node of the claim', initiator.node, initiator.allocated.node],
    ['node of the claim', target.node, target.allocated.node],
    ...nodesIn(plan, initiator.node, target.node),
    ...(betweenNodes ? [['two hosts', true, result.hostname !== result.target_hostname] as const] : []),
    ['transfers in moved_bytes', ...transfersIn(result)],
    ['verified_bytes of at most one transfer', true, result.verified_bytes <= result.total_bytes],
  ]
  for (const [what, expected, found] of facts)
    if (expected !== found) throw unplanned(where, `${what}: ${String(expected)}`, String(found))
  requireSlowestStream(result, where)
}

/** The nodes that the plan names; the direction alternates from round to round. */
function nodesIn(
  plan: RecordedPlan,
  ...found: readonly [string, string]
): (readonly [string, string, string])[] {
  if (isBetweenGpus(plan)) return plan.node === undefined ? [] : [['node', plan.node, found[0]]]
  if (plan.nodes === undefined) return []
  const { initiator, target } = plan.nodes
  const expected = found[0] === initiator ? [initiator, target] : [target, initiator]
  return [['nodes', expected.join(' to '), found.join(' to ')]]
}

/** Warm-up and timed iterations, and one verification unless it was left out. */
function transfersIn(result: TransferResult): readonly [expected: number, found: number] {
  const timed = result.iters + result.warmup_iters
  const found = result.moved_bytes / result.total_bytes
  return [found === timed ? timed : timed + 1, found]
}

/** An iteration ends when its slowest stream does. */
function requireSlowestStream({ samples_seconds: samples, streams }: TransferResult, where: string): void {
  for (const [index, sample] of samples.entries()) {
    const slowest = streams.reduce((most, stream) => Math.max(most, stream.samples_seconds[index] ?? 0), 0)
    if (Math.abs(slowest - sample) > 1e-6 * slowest)
      throw unplanned(
        where,
        `sample ${index + 1} to be that of its slowest stream, ${slowest} s`,
        `${sample} s`,
      )
  }
}

const unplanned = (subject: string, expected: string, found: string): ClaimcheckError =>
  new ClaimcheckError('CERTIFICATE_INCOMPLETE', {
    subject,
    problem: 'does not match the planned transfer',
    expected,
    found,
  })
