/**
 * Tells a bad node from its partners. Each node is measured in two pairs: both pairs of a bad node fail, and a sound partner
 * passes in its other pair.
 */
import type { Expectation } from '../expect/expectation.ts'

/** One sentence for each node whose pairs all failed, with the devices that every one of these failures names. */
export function badNodeNotes(expectations: readonly Expectation[]): readonly string[] {
  const judged = Map.groupBy(
    expectations.filter(({ nodes }) => nodes?.length === 2),
    ({ nodes = [] }) => nodes.join(' and '),
  )
  const pairs = [...judged].map(([name, all]) => ({
    name,
    nodes: all[0]?.nodes ?? [],
    failed: all.filter(({ verdict }) => verdict === 'failed'),
  }))
  const nodes = [...new Set(pairs.flatMap((pair) => pair.nodes))]
  const soundIn = (node: string): boolean =>
    pairs.some((pair) => pair.nodes.includes(node) && pair.failed.length === 0)
  return nodes
    .filter((node) => !soundIn(node))
    .map((node) => {
      const own = pairs.filter((pair) => pair.nodes.includes(node))
      const sound = own.flatMap((pair) => pair.nodes.filter((other) => other !== node && soundIn(other)))
      const devices = commonDevices(
        node,
        own.map(({ failed }) => failed.flatMap(({ reasons }) => reasons)),
      )
      const where = devices.length === 0 ? node : devices.join(' and ')
      const partners =
        sound.length === 0
          ? ''
          : `; ${sound.join(' and ')} passed with ${sound.length === 1 ? 'another node' : 'other nodes'}`
      return `Look at ${where} first: all pairs of ${node} failed (${own.map(({ name }) => name).join(', ')})${partners}.`
    })
}

/** Devices of the node, such as `node-e/mlx5_1`, that appear in each of the lists of reasons. */
function commonDevices(node: string, reasons: readonly (readonly string[])[]): readonly string[] {
  const named = reasons.map(
    (lines) =>
      new Set(
        lines
          .flatMap((line) => line.split(/[\s,;:]+/))
          .map((word) => word.replace(/\.$/, ''))
          .filter((word) => word.startsWith(`${node}/`)),
      ),
  )
  const [first = new Set<string>(), ...rest] = named
  return [...first].filter((device) => rest.every((other) => other.has(device)))
}
