/** Finds the figure that an SKU profile states for a measurement: by comparison, arm, operation and size. */
import { bytes, type Bytes } from '../core/units.ts'
import type { Sku } from './sku.ts'

export type StatedFigure = NonNullable<Sku['reference']['figures']>[number]
type LinkReference = NonNullable<Sku['reference']['gpuLink']>
type StatedArm = NonNullable<LinkReference['write']>

export interface Measurement {
  /** The name of the comparison in its suite. */
  readonly comparison: string
  readonly arm: string
  /** What figures of any comparison call such an arm: `aligned`, `unaligned` or `linked`. */
  readonly role: string
  readonly op: 'WRITE' | 'READ'
  readonly size: Bytes
  /** What the bytes pass through. */
  readonly over: 'fabric' | 'GPU links' | 'GPU memory'
}

/**
 * Sizes within this share of each other are the same, since a figure of the older form states its size only as bandwidth times
 * latency.
 */
const SIZE_TOLERANCE = 0.05

export const isSize = (one: number, other: number): boolean => Math.abs(one / other - 1) <= SIZE_TOLERANCE

/**
 * The figure of a baseline takes precedence over one of the same comparison, and that over one of any comparison. Latencies are
 * left out where only the bandwidth holds for the size. Undefined where none applies.
 */
export function statedFigureFor(sku: Pick<Sku, 'reference'>, asked: Measurement): StatedFigure | undefined {
  const fitting = figuresOf(sku, asked.over).filter(
    ({ comparison, arm, op }) =>
      op === asked.op &&
      (comparison === undefined ? arm === asked.role : comparison === asked.comparison && arm === asked.arm),
  )
  const ofSize = fitting.filter(({ size }) => isSize(size, asked.size))
  const exact = ofSize.find(({ comparison }) => comparison !== undefined) ?? ofSize[0]
  if (exact !== undefined) return exact
  const larger = fitting
    .filter(({ from }) => from !== undefined && asked.size >= from * (1 - SIZE_TOLERANCE))
    .toSorted((a, b) => b.size - a.size)[0]
  if (larger === undefined) return undefined
  const { latency: _latency, p50Latency: _p50Latency, ...bandwidthOnly } = larger
  return bandwidthOnly
}

/** The sizes of an arm and operation for which the profile states something, for messages. */
export const statedSizes = (
  sku: Pick<Sku, 'reference'>,
  { role, op, over }: Measurement,
): readonly Bytes[] => [
  ...new Set(
    figuresOf(sku, over).flatMap((one) =>
      one.comparison === undefined && one.arm === role && one.op === op ? one.size : [],
    ),
  ),
]

function figuresOf(
  { reference }: Pick<Sku, 'reference'>,
  over: Measurement['over'],
): readonly StatedFigure[] {
  return [
    ...(reference.baselines ?? []).flatMap((baseline) => baseline.figures),
    ...(reference.figures ?? []),
    ...olderFigures(reference, over),
  ]
}

/** Figures of the older form, which names neither operation nor size. */
function olderFigures(reference: Sku['reference'], over: Measurement['over']): readonly StatedFigure[] {
  if (over === 'fabric')
    return [
      ...olderFigure('aligned', 'WRITE', reference.aligned),
      ...olderFigure('unaligned', 'WRITE', reference.unaligned),
    ]
  const link = over === 'GPU memory' ? reference.gpuMemory : reference.gpuLink
  return [...olderFigure('linked', 'WRITE', link?.write), ...olderFigure('linked', 'READ', link?.read)]
}

function olderFigure(
  arm: string,
  op: StatedFigure['op'],
  stated: StatedArm | undefined,
): readonly StatedFigure[] {
  if (stated === undefined) return []
  const size = bytes(Math.round(stated.bandwidth.value * 1e9 * stated.latency.value))
  return [{ arm, op, size, from: size, ...stated }]
}

/** The profile without baselines of emulated nodes, with which hardware is not compared. */
export function withoutEmulatedBaselines(sku: Sku): Sku {
  const { baselines, ...reference } = sku.reference
  const measured = baselines?.filter(({ source }) => source.emulated === undefined) ?? []
  return { ...sku, reference: { ...reference, ...(measured.length === 0 ? {} : { baselines: measured }) } }
}
