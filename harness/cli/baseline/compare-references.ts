/** Compares proposed figures with those that a profile states already. */
import { formatBytes, formatPercent, formatRate, gigabytesPerSecond } from '../../core/units.ts'
import type { Sku } from '../../sku/sku.ts'
import { statedFigureFor, type StatedFigure } from '../../sku/stated-figures.ts'
import type { ProposedFigure } from './propose.ts'

export interface ComparedFigure {
  readonly proposed: ProposedFigure
  /** What the profile states for this arm, operation and size. */
  readonly stated: StatedFigure | undefined
  /** Whether the measured bandwidth is within the stated bounds; true where nothing is stated. */
  readonly agrees: boolean
}

export const compareReferences = (
  figures: readonly ProposedFigure[],
  sku: Pick<Sku, 'reference'>,
): readonly ComparedFigure[] =>
  figures.map((proposed) => {
    const stated = statedFigureFor(sku, proposed)
    if (stated === undefined) return { proposed, stated, agrees: true }
    const { value, bounds } = stated.bandwidth
    const measured = proposed.bandwidth.value
    return {
      proposed,
      stated,
      agrees: measured >= value * (1 + bounds.lower) && measured <= value * (1 + bounds.upper),
    }
  })

/** `kv-1gib aligned, WRITE of 1 GiB: 39.06 GB/s, -13.2 % to +15.2 %; stated 39.07 GB/s, -12.0 % to +12.0 %: within` */
export function describeCompared({ proposed, stated, agrees }: ComparedFigure): string {
  const { comparison, arm, op, size, bandwidth } = proposed
  const what = `${comparison} ${arm}, ${op} of ${formatBytes(size)}: ${describe(bandwidth)}`
  if (stated === undefined) return `${what}; new`
  return `${what}; stated ${describe(stated.bandwidth)}: ${agrees ? 'within' : 'OUTSIDE'}`
}

const describe = ({ value, bounds }: StatedFigure['bandwidth'] | ProposedFigure['bandwidth']): string =>
  `${formatRate(gigabytesPerSecond(value))}, ${signed(bounds.lower)} to ${signed(bounds.upper)}`

const signed = (share: number): string => `${share > 0 ? '+' : ''}${formatPercent(share)}`
