/**
 * Replaces `vitest/suite.ts` while suites are simulated: it has the same exports, but collects tests instead of running them.
 */
import {
  gpusWithNics,
  nearestPlacementsOf,
  numaComparisonsOf,
  numaPlacementsOf,
  numaScalingsOf,
  sameGpus,
  variantsOf,
  type NearestPlacement,
  type NumaComparison,
  type NumaPlacement,
  type NumaScaling,
} from '../claim/numa-placements.ts'
import { allGpus } from '../claim/placement.ts'
import { formatTitle } from './title.ts'
import type { Bytes } from '../core/units.ts'
import type { Sku } from '../sku/sku.ts'
import {
  checkComparison,
  checkLinks,
  type CheckedComparison,
  type CheckedLinks,
  type ComparisonDeclaration,
  type GpuLinkDeclaration,
  type PodDeclaration,
} from '../expect/declarations.ts'

export { parseBytes as sizeOf } from '../core/units.ts'
export { kvBlocks, kvCacheBytes } from '../transfer/kv-cache.ts'
export { mergeArms } from '../expect/declaration-schema.ts'
export { allGpus, gpusWithNics, sameGpus, variantsOf }

export type Body = (fixtures: Record<string, unknown>) => Promise<void> | void

export interface CollectedTest {
  readonly suite: readonly string[]
  readonly name: string
  readonly body: Body
  /** False in the warn tier. */
  readonly gates: boolean
  /** The declaration of its fixtures. */
  readonly arms?: CheckedComparison
  readonly pods?: PodDeclaration
  /** Not simulated: racks have no links between GPUs. */
  readonly links?: CheckedLinks
}

let sku: Sku | undefined

/** The suites that are loaded next derive their placements from the shape of this SKU. */
export function collectFor(next: Sku): void {
  sku = next
}

function skuUnderTest(): Sku {
  if (sku === undefined) throw new TypeError('suites are collected for a SKU')
  return sku
}

export const numaComparisons = (): readonly NumaComparison[] => numaComparisonsOf(skuUnderTest())
export const numaPlacements = (): readonly NumaPlacement[] => numaPlacementsOf(skuUnderTest())

export const nearestPlacements = (): readonly NearestPlacement[] => nearestPlacementsOf(skuUnderTest())
export const numaScalings = (bytesOfNic: Bytes): readonly NumaScaling[] =>
  numaScalingsOf(skuUnderTest(), bytesOfNic)

/** In the order of declaration. */
export const collectedTests: CollectedTest[] = []
const open: string[] = []

interface TestOptions {
  readonly tags?: string | readonly string[]
}

interface Declare {
  (name: string, body: Body): void
  (name: string, options: TestOptions, body: Body): void
}

const declaring =
  (made: Pick<CollectedTest, 'arms' | 'pods' | 'links'>): Declare =>
  (name: string, ...rest: readonly [Body] | readonly [TestOptions, Body]): void => {
    const [options, body] = rest.length === 1 ? [{}, rest[0]] : rest
    const gates = ![options.tags ?? []].flat().includes('warn')
    collectedTests.push({ suite: [...open], name, body, gates, ...made })
  }

export const test = declaring({})
export const comparisonTest = (arms: ComparisonDeclaration): Declare =>
  declaring({ arms: checkComparison(arms) })
export function gpuLinkTest(declaration: GpuLinkDeclaration): Record<'ofEach' | 'ofSeveral', Declare> {
  const links = checkLinks(declaration)
  return { ofEach: declaring({ links }), ofSeveral: declaring({ links }) }
}
export const podTest = (pods: PodDeclaration): Declare => declaring({ pods })

function suite(name: string, body: () => void): void {
  open.push(name)
  body()
  open.pop()
}

export const describe = Object.assign(suite, {
  for:
    <Row extends object>(rows: readonly Row[]) =>
    (title: string, body: (row: Row) => void): void => {
      for (const row of rows) suite(formatTitle(title, row), () => body(row))
    },
})
