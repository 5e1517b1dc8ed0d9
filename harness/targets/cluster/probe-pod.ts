/** The pod that reads what a node's kernel says: unprivileged, without claims, on that node. */
import type { UnclaimedPodSpec } from '../../scheduling/pod.ts'

/** The name of its container. */
export const PROBE = 'probe'

export function probePod(node: string, args: readonly string[]): UnclaimedPodSpec {
  const name = `probe-${node}`
  return { name, group: name, nodes: [node], containers: [{ name: PROBE, args }] }
}
