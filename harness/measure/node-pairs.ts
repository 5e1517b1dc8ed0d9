/** Which nodes are paired for transfers between nodes. */
import { ClaimcheckError } from '../core/errors.ts'
import type { Direction } from './interleave.ts'

/** The pairs of more nodes than this would take hours. */
export const MOST_PAIRED_NODES = 16

/**
 * A ring: each node with the next one, and the last with the first; two nodes are one pair. Each node is in two pairs, so that a
 * bad node can be told from its partners, which are sound in their other pair. Throws TOO_MANY_NODES.
 */
export function pairsOfNodes(nodes: readonly string[]): readonly Direction[] {
  if (nodes.length > MOST_PAIRED_NODES) {
    throw new ClaimcheckError('TOO_MANY_NODES', {
      subject: `a comparison between ${nodes.length} nodes`,
      problem: `is not measured: it pairs at most ${MOST_PAIRED_NODES} nodes and would cover ${MOST_PAIRED_NODES} of ${nodes.length}`,
      hint: `Name at most ${MOST_PAIRED_NODES} nodes in CLAIMCHECK_NODES, and run once for each group of nodes.`,
    })
  }
  if (nodes.length < 2) return []
  const pairs = nodes.map((initiator, index) => ({
    initiator,
    target: nodes[(index + 1) % nodes.length] ?? initiator,
  }))
  return nodes.length === 2 ? pairs.slice(0, 1) : pairs
}
