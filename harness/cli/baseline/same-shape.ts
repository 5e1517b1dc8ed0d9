/** A baseline is of one SKU: nodes of several shapes are refused, before a run by what is published and after it by its record. */
import { shapesOf } from '../../claim/node-shape.ts'
import { ClaimcheckError } from '../../core/errors.ts'
import type { NodeFingerprint } from '../../report/node-fingerprint.ts'
import type { Inspection } from '../../targets/target-kind.ts'

/** Throws BASELINE_REFUSED. */
export function requireOneShape({ slices, nodes, place }: Inspection): void {
  const shapes = shapesOf(slices)
    .map((shape) => shape.nodes.filter((node) => nodes.includes(node)))
    .filter((own) => own.length > 0)
  if (shapes.length > 1) throw severalShapes(place, shapes)
}

/** Throws BASELINE_REFUSED unless the drivers of all nodes publish as many devices of the same models. */
export function requireOneFingerprint(
  all: NodeFingerprint,
  measured: readonly string[],
  place: string,
): void {
  const shapeOf = (node: string): string =>
    JSON.stringify(
      Object.entries(all[node] ?? {})
        .map(([driver, { devices, attributes }]) => [driver, devices, attributes['productName']] as const)
        .sort(([one], [other]) => (one < other ? -1 : 1)),
    )
  const shapes = [...Map.groupBy(measured, shapeOf).values()]
  if (shapes.length > 1) throw severalShapes(place, shapes)
}

const severalShapes = (subject: string, shapes: readonly (readonly string[])[]): ClaimcheckError =>
  new ClaimcheckError('BASELINE_REFUSED', {
    subject,
    problem: `has nodes of ${shapes.length} shapes: ${shapes.map((nodes) => nodes.join(', ')).join('; ')}`,
    expected: 'nodes with the same devices',
    hint: 'Name the nodes of one shape in CLAIMCHECK_NODES.',
  })
