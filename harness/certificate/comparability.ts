/** Decides whether the figures of two runs can be compared. */
import { formatBytes } from '../core/units.ts'
import { isSame } from './certificate.ts'
import { listedArms } from './recorded-plan.ts'
import type { Summary } from './run-summary.ts'

/** One line for each difference that forbids a comparison. Nodes, drivers and faults may differ: a comparison shows their effect. */
export function incomparabilities(a: Summary, b: Summary): readonly string[] {
  const differ = (what: string, one: unknown, other: unknown): string[] =>
    isSame([one], [other]) ? [] : [`${what}: ${formatValue(one)} and ${formatValue(other)}`]
  const sku = ({ name, digest }: Summary['sku']): string => `${name} (${digest.slice(0, 19)}...)`
  const common = Object.keys(a.comparisons).filter((name) => name in b.comparisons)
  return [
    ...differ('SKU', sku(a.sku), sku(b.sku)),
    ...differ('target', a.target, b.target),
    ...differ('emulation runtime', a.emulation?.runtime, b.emulation?.runtime),
    ...differ('emulation scale', a.emulation?.scale, b.emulation?.scale),
    ...common.flatMap((name) => {
      const [one, other] = [a.comparisons[name], b.comparisons[name]]
      if (one === undefined || other === undefined) return []
      return [
        ...differ(`${name}: op`, one.op, other.op),
        ...differ(`${name}: transfer size`, formatBytes(one.size), formatBytes(other.size)),
        ...differ(`${name}: iterations`, one.iters, other.iters),
        ...differ(`${name}: warm-up iterations`, one.warmupIters, other.warmupIters),
        ...differ(`${name}: arms`, comparableArms(one.arms), comparableArms(other.arms)),
      ]
    }),
    ...(common.length > 0 || Object.keys(a.tests).some((name) => name in b.tests)
      ? []
      : ['tests: the runs have none in common']),
  ]
}

/** In the form of this version, without the statement of an alignment, which follows from the devices. */
function comparableArms(arms: Summary['comparisons'][string]['arms']): unknown {
  const named: Readonly<Record<string, object>> = Array.isArray(arms) ? listedArms(arms) : arms
  return Object.fromEntries(
    Object.entries(named).map(([name, arm]) => {
      const { arm: _, alignment: __, ...devices }: { arm?: unknown; alignment?: unknown } = arm
      return [name, devices]
    }),
  )
}

const formatValue = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value) ?? 'none')
