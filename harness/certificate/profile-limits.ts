/**
 * Where the limit of a recorded assertion comes from, and whether it is the one that the recorded SKU profile states. A suite
 * may ask for more than the profile does; for less, there is no certificate.
 */
import { gigabytesPerSecond, formatRate, formatTime, parsePercent, seconds } from '../core/units.ts'
import type { AssertionSpec } from '../expect/assertion-spec.ts'
import type { Sku } from '../sku/sku.ts'
import { plannedArm } from '../measure/arm-plan.ts'
import { isSize, statedFigureFor } from '../sku/stated-figures.ts'
import { measurementOf } from './planned-measurement.ts'
import { isBetweenGpus, type RecordedPlan as Plan } from './recorded-plan.ts'

type Within = Extract<AssertionSpec, { readonly kind: 'within' }>['reference']
type LinkReference = NonNullable<Sku['reference']['gpuLink']>

/** Kinds whose limit no suite states. */
const OWN_LIMITS: ReadonlySet<AssertionSpec['kind']> = new Set([
  'intact',
  'equal-shares',
  'no-retransmissions',
])

export type LimitSource = 'the SKU profile' | 'the suite' | 'claimcheck'

interface StatedLimit {
  readonly what: string
  /** As numbers: no lower limit is -Infinity, no upper one Infinity. */
  readonly asked: Range
  readonly stated: Range
  readonly format: (value: number) => string
}

interface Range {
  readonly low: number
  readonly high: number
}

export function limitSourceOf(ask: AssertionSpec, plan: Plan | undefined, sku: Sku): LimitSource {
  if (statedLimits(ask, plan, sku).length > 0 || ask.kind === 'matches-sku' || ask.kind === 'claimed-gpus')
    return 'the SKU profile'
  return 'arm' in ask && !OWN_LIMITS.has(ask.kind) ? 'the suite' : 'claimcheck'
}

/** Sentences about limits that the profile does not state; under `.not`, any other limit is one. */
export function limitDifferences(
  { ask, not }: { readonly ask: AssertionSpec; readonly not: boolean },
  plan: Plan | undefined,
  sku: Sku,
): readonly string[] {
  if (isHidden(ask, plan, sku))
    return [`the SKU profile states a reference for ${ask.arm}, but it says: ${ask.why}`]
  return statedLimits(ask, plan, sku).flatMap(({ what, asked, stated, format }) => {
    const relaxed = isBelow(asked.low, stated.low) || isBelow(stated.high, asked.high)
    const changed = not && (isBelow(stated.low, asked.low) || isBelow(asked.high, stated.high))
    if (!relaxed && !changed) return []
    const found = formatRange(asked, format)
    return [
      `the limit of ${what} is ${relaxed ? 'relaxed' : 'changed'}: the SKU profile states ${formatRange(stated, format)}, found ${found}`,
    ]
  })
}

type UnstatedSpec = Extract<AssertionSpec, { readonly kind: 'unstated' }>

/** Whether an assertion says that the profile states no reference for its arm, although it states one. */
const isHidden = (ask: AssertionSpec, plan: Plan | undefined, sku: Sku): ask is UnstatedSpec =>
  ask.kind === 'unstated' &&
  ask.why.startsWith(`SKU ${sku.name} states no reference for ${ask.arm},`) &&
  plan !== undefined &&
  Object.hasOwn(plan.arms, ask.arm) &&
  statedFigureFor(sku, measurementOf(ask.arm, plan, sku)) !== undefined

function statedLimits(ask: AssertionSpec, plan: Plan | undefined, sku: Sku): readonly StatedLimit[] {
  // Assertions on arms that were not measured cannot be recomputed, which is a fault of its own.
  if (plan === undefined || armsIn(ask).some((arm) => !Object.hasOwn(plan.arms, arm))) return []
  const link = linkReference(plan, sku)
  const ofSize = link !== undefined && isSize(sizeOf(sideOf(link, plan)), plan.size) ? link : undefined
  if (ask.kind === 'within') {
    const stated = statedFigureFor(sku, measurementOf(ask.arm, plan, sku))
    return stated === undefined ? [] : boundsOf(ask.arm, ask.reference, stated)
  }
  if (ask.kind === 'stable') {
    const stated = isBetweenGpus(plan) ? overLinks(plan, ask.arm, ofSize) : sku.reference.stability
    const what = `${ask.arm} p99 / p50 latency`
    return stated === undefined ? [] : [atMost(what, ask.p99OverP50, stated.p99OverP50, String)]
  }
  if (ask.kind === 'even-paths') {
    const stated = overLinks(plan, ask.arm, ofSize)
    if (stated === undefined) return []
    return [atMost(`${ask.arm} paths`, parsePercent(ask.within), parsePercent(stated.evenWithin), percent)]
  }
  if (ask.kind !== 'outperform' || pathOf(plan, ask.other) !== 'host-memory') return []
  const stated = overLinks(plan, ask.arm, link)
  if (stated === undefined) return []
  return [
    {
      what: `${ask.arm} over ${ask.other} bandwidth`,
      asked: { low: ask.by, high: Infinity },
      stated: { low: stated.overStaged, high: Infinity },
      format: (ratio) => `${ratio}x`,
    },
  ]
}

const armsIn = (ask: AssertionSpec): readonly string[] => [
  ...('arm' in ask ? [ask.arm] : []),
  ...('other' in ask ? [ask.other] : []),
]

const linkReference = (plan: Plan, { reference }: Sku): LinkReference | undefined =>
  isBetweenGpus(plan) ? (plan.turn === 0 ? reference.gpuMemory : reference.gpuLink) : undefined

type LinkArm = LinkReference['write']
const sideOf = (link: LinkReference, { op }: Plan): LinkArm => (op === 'WRITE' ? link.write : link.read)

/** References of GPU links are for one way over them. */
function overLinks<T>(plan: Plan, arm: string, reference: T | undefined): T | undefined {
  if (!isBetweenGpus(plan)) return undefined
  const { path, bothWays } = plannedArm(plan, arm)
  return path === 'gpu-links' && bothWays !== true ? reference : undefined
}

const pathOf = (plan: Plan, arm: string): string | undefined =>
  isBetweenGpus(plan) ? plannedArm(plan, arm).path : undefined

const GIB = 2 ** 30
/** Bandwidth times latency is the size that a link's figure was stated for; its limits alone are for 1 GiB. */
const sizeOf = (arm: LinkArm): number =>
  arm === undefined ? GIB : arm.bandwidth.value * 1e9 * arm.latency.value

const FIGURES = [
  ['bandwidth', 'bandwidth', (value: number): string => formatRate(gigabytesPerSecond(value))],
  ['latency', 'mean latency', (value: number): string => formatTime(seconds(value))],
  ['p50Latency', 'p50 latency', (value: number): string => formatTime(seconds(value))],
] as const

const boundsOf = (arm: string, asked: Within, stated: Within): readonly StatedLimit[] =>
  FIGURES.flatMap(([key, what, format]) => {
    const [own, theirs] = [asked[key], stated[key]]
    if (own === undefined || theirs === undefined) return []
    return [{ what: `${arm} ${what}`, asked: rangeOf(own), stated: rangeOf(theirs), format }]
  })

const rangeOf = ({ value, bounds }: NonNullable<Within['bandwidth']>): Range => ({
  low: value * (1 + bounds.lower),
  high: value * (1 + bounds.upper),
})

const atMost = (
  what: string,
  asked: number,
  stated: number,
  format: (value: number) => string,
): StatedLimit => ({
  what,
  asked: { low: -Infinity, high: asked },
  stated: { low: -Infinity, high: stated },
  format,
})

const isBelow = (a: number, b: number): boolean => a < b && Math.abs(a - b) > 1e-9 * Math.abs(b)

const percent = (share: number): string => `${Number((share * 100).toPrecision(6))} %`

function formatRange({ low, high }: Range, format: (value: number) => string): string {
  if (low === -Infinity) return `at most ${format(high)}`
  return high === Infinity ? `at least ${format(low)}` : `${format(low)} to ${format(high)}`
}
